"""A run seen from beside it: what its toolchain tells for the report, and one experiment done again.

Works on a copy of the ledger, so the run isn't touched; asks no model.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from agents import folder as run_folder
from memory.artifacts import ArtifactStore
from memory.budget import Budget
from memory.faults import on_database
from memory.ledger import Ledger
from memory.project_runs import project_of
from memory.steps import Steps
from pelagos.errors import BadInput, ModelUnavailable
from pelagos.nouns import Experiment, Role, Version
from pelagos.settings import Caps, Sandboxing
from sandbox import cards
from sandbox.choose import choose
from sandbox.protocol import Limits, Sandbox
from tools import registry
from tools.toolchain import Section, Task, Toolchain


class Again(NamedTuple):
    """An experiment as it was recorded and as it came out this time. `spread`: standard deviation of the recorded
    scores of the same version and split over seeds, None where there are fewer than two."""

    recorded: Experiment
    repeated: Experiment
    spread: float | None

    @property
    def outcome(self) -> str:
        """same: identical predictions or score; within noise: within two standard deviations; else different."""
        old, new = self.recorded, self.repeated
        if old.outcome is not new.outcome or (old.score is None) != (new.score is None):
            return "different"
        if old.score == new.score:
            return "same"
        assert old.score is not None
        assert new.score is not None
        return "within noise" if self.spread and abs(new.score - old.score) <= 2 * self.spread else "different"


@dataclass
class Aside:
    """A context (tools.toolchain.Context) without models."""

    project: Path
    steps: Steps
    artifacts: ArtifactStore
    backend: Sandboxing
    tries: int = 0
    drafts: int = 0

    @property
    def sandbox(self) -> Sandbox:
        return choose(self.backend.name, self.backend.image)

    def model(self, role: Role) -> NoReturn:
        raise ModelUnavailable(f"{role}: no model is asked here")

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return nullcontext()

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        return cards.take(limits.gpus, limits.gpu_memory_mb, lambda reason: None)

    def say(self, text: str) -> None:
        self.steps.ledger.append("note", text, {"text": text})


def section(folder: Path) -> Section:
    """The toolchain's part of the report. Raises BadInput where the task or its toolchain can't be had here."""
    described = run_folder.read(folder)
    task, toolchain = _task(folder, described)
    with tempfile.TemporaryDirectory() as scratch, _copied(folder, Path(scratch)) as ledger:
        return toolchain.section(task, _context(folder, described, ledger, Path(described.project)))


def again(folder: Path, experiment: str) -> Again:
    """Run a recorded experiment again. Raises BadInput (no such experiment), MissingPart and RunFailed."""
    described = run_folder.read(folder)
    task, toolchain = _task(folder, described)
    project = project_of(folder, Path(described.project), begun=True)
    with closing(Ledger.read(folder / run_folder.LEDGER)) as record:
        known = [_experiment(event.payload) for event in record.events("experiment")]
        found = [one for one in known if one.id.startswith(experiment)]
        if len(found) != 1:
            raise BadInput(f"experiment '{experiment}': {_miss(found, known)}")
        version = _version(record.find("version", found[0].version), found[0])
    alike = [e.score for e in known if e.version == version.id and e.split == found[0].split and e.score is not None]
    with tempfile.TemporaryDirectory() as scratch, closing(Ledger.open(Path(scratch) / "ledger.db")) as ledger:
        context = _context(folder, described, ledger, project)
        toolchain.prepare(task, context)
        repeated = toolchain.experiment(task, version, found[0].seed, found[0].split, context)
    return Again(found[0], repeated, _spread(alike))


def _task(folder: Path, described: run_folder.RunFile) -> tuple[Task, Toolchain]:
    toolchain = registry.toolchain(described.toolchain)
    return toolchain.load(folder / run_folder.TASK), toolchain


def _context(folder: Path, described: run_folder.RunFile, ledger: Ledger, project: Path) -> Aside:
    steps = Steps(ledger, Budget(Caps(), ledger))
    backend = described.resolved().sandbox
    return Aside(project, steps, ArtifactStore(folder / "artifacts"), backend)


@contextmanager
def _copied(folder: Path, scratch: Path) -> Iterator[Ledger]:
    """A copy of the ledger as it is now, also beside a controller that writes."""
    copy = scratch / "ledger.db"
    path = folder / run_folder.LEDGER
    with (
        on_database(path, "nothing was changed"),
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    with closing(Ledger.open(copy)) as ledger:
        yield ledger


def _experiment(payload: dict[str, object]) -> Experiment:
    return Experiment.model_validate({name: payload[name] for name in Experiment.model_fields if name in payload})


def _version(payload: dict[str, object] | None, experiment: Experiment) -> Version:
    if payload is None:
        raise BadInput(f"experiment {experiment.id}: its version {experiment.version} is not in the ledger")
    return Version.model_validate(payload)


def _miss(found: list[Experiment], known: list[Experiment]) -> str:
    if len(found) > 1:
        return f"{len(found)} of the run begin so; give more of the id"
    return f"none of the {len(known)} in this run begins so; `pelagos report` shows their ids"


def _spread(scores: list[float]) -> float | None:
    from statistics import stdev

    return stdev(scores) if len(scores) > 1 else None
