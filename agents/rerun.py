"""Reruns one recorded experiment, and reads the toolchain's section of the report, both outside of the run.

Doesn't change the run and asks no model.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from agents.sealed.alpha_budget import AlphaBudget
from agents.setup import run_folder
from agents.setup.project_tools import add_tools
from memory.artifacts import ArtifactStore
from memory.files.project_runs import find_project, run_label
from memory.ledger.ledger import Ledger, Reader, connect_read_only
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import BadInput, ModelUnavailable
from pelagos.facts.drive import Note
from pelagos.nouns import Experiment, Role, Version
from pelagos.settings import Caps, Sandboxing
from sandbox.choose import choose
from sandbox.gpu import gpu_slots
from sandbox.protocol import Limits, Sandbox
from tools import registry
from tools.abilities import SealedData
from tools.toolchain import Section, Task, Toolchain, Work


class ReadOnlyLedger(Ledger):
    """A run's ledger for a toolchain that needs one but may only read it. Appending raises DamagedRun."""

    def __init__(self, path: Path) -> None:
        Reader.__init__(self, path, connect_read_only(path))
        self.damage, self._watchers = "", []

    close = Reader.close


class Rerun(NamedTuple):
    """An experiment as recorded and as repeated. `spread` is the standard deviation over seeds of the recorded scores
    of the same version and split, None if there are fewer than two."""

    recorded: Experiment
    repeated: Experiment
    spread: float | None

    @property
    def outcome(self) -> str:
        """`same`: equal scores; `within noise`: scores within two standard deviations; else `different`."""
        old, new = self.recorded, self.repeated
        if old.outcome is not new.outcome or (old.score is None) != (new.score is None):
            return "different"
        if old.score == new.score:
            return "same"
        assert old.score is not None
        assert new.score is not None
        return "within noise" if self.spread and abs(new.score - old.score) <= 2 * self.spread else "different"


@dataclass
class RerunContext:
    """A toolchain's context (tools.toolchain.Context) without models."""

    project: Path
    steps: Steps
    artifacts: ArtifactStore
    backend: Sandboxing

    @property
    def sandbox(self) -> Sandbox:
        return choose(self.backend.name, self.backend.image)

    def model(self, role: Role) -> NoReturn:
        raise ModelUnavailable(f"{role}: no model is asked here")

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return nullcontext()

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        return gpu_slots.take(limits.gpus, limits.gpu_memory_mb, lambda reason: None)

    def fidelity(self, version: Version) -> None:
        """Fidelity isn't assessed here."""

    def rank(self, works: Sequence[Work]) -> list[int]:
        """No verifier is asked here."""
        return list(range(len(works)))

    def criticise(self, work: Work) -> str:
        """No verifier is asked here."""
        return ""

    def say(self, text: str) -> None:
        self.steps.ledger.record(Note(text=text), text)


def read_section(folder: Path) -> Section:
    """Return the toolchain's section of the report. Raises BadInput if the task or its toolchain isn't available."""
    description = run_folder.read(folder)
    task, toolchain = _load_task(folder, description)
    with closing(ReadOnlyLedger(folder / run_folder.LEDGER)) as ledger, _scratch_ledger() as scratch:
        context = _make_context(folder, description, Steps(ledger, Budget(Caps(), scratch)), Path(description.project))
        return toolchain.section(task, context)


def rerun_experiment(folder: Path, id_prefix: str) -> Rerun:
    """Run the recorded experiment again whose id begins with `id_prefix`. Raises BadInput (no such experiment, or
    several), MissingPart and RunFailed."""
    description = run_folder.read(folder)
    task, toolchain = _load_task(folder, description)
    project = find_project(folder, Path(description.project), begun=True)
    with closing(Ledger.read(folder / run_folder.LEDGER)) as run_ledger:
        experiments = list(run_ledger.facts(Experiment).values())
        recorded = _find_experiment(id_prefix, experiments)
        version = run_ledger.fact(Version, recorded.version)
        if version is None:
            raise BadInput(f"experiment {recorded.id}: its version {recorded.version} is not in the ledger")
    scores = [
        experiment.score
        for experiment in experiments
        if (experiment.version, experiment.split) == (version.id, recorded.split) and experiment.score is not None
    ]
    with _scratch_ledger() as ledger:
        context = _make_context(folder, description, Steps(ledger, Budget(Caps(), ledger)), project)
        toolchain.prepare(task, context)
        if "sealed" in recorded.split:
            _record_sealed_look(recorded, task, toolchain, context, folder)
        repeated = toolchain.experiment(task, version, recorded.seed, recorded.split, context)
    return Rerun(recorded, repeated, _measure_spread(scores))


def _find_experiment(id_prefix: str, experiments: list[Experiment]) -> Experiment:
    matches = [experiment for experiment in experiments if experiment.id.startswith(id_prefix)]
    if len(matches) != 1:
        raise BadInput(f"experiment '{id_prefix}': {_explain_no_match(matches, experiments)}")
    return matches[0]


def _record_sealed_look(
    experiment: Experiment, task: Task, toolchain: Toolchain[Task], context: RerunContext, folder: Path
) -> None:
    """Record that sealed data are looked at, which counts for any purpose."""
    data = toolchain.sealed_data(task, context) if isinstance(toolchain, SealedData) else task.digest
    run, reason = run_label(context.project, folder), f"reproduced at {time.time_ns()}"
    AlphaBudget(context.project, data).touch(run, experiment.version, [experiment.seed], reason)


def _load_task(folder: Path, description: run_folder.RunFile) -> tuple[Task, Toolchain[Task]]:
    toolchain = registry.toolchain(description.toolchain)
    task = toolchain.load(folder / run_folder.TASK)
    return add_tools(task, toolchain, folder, description), toolchain


@contextmanager
def _scratch_ledger() -> Iterator[Ledger]:
    """Yield an empty ledger that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as scratch, closing(Ledger.open(Path(scratch) / "ledger.db")) as ledger:
        yield ledger


def _make_context(folder: Path, description: run_folder.RunFile, steps: Steps, project: Path) -> RerunContext:
    backend = description.resolved().sandbox
    return RerunContext(project, steps, ArtifactStore(folder / "artifacts"), backend)


def _explain_no_match(matches: list[Experiment], experiments: list[Experiment]) -> str:
    if len(matches) > 1:
        return f"{len(matches)} ids in this run begin with that; give more of the id"
    return f"none of the {len(experiments)} experiments of this run begins with that; `pelagos report` shows their ids"


def _measure_spread(scores: list[float]) -> float | None:
    from statistics import stdev

    return stdev(scores) if len(scores) > 1 else None
