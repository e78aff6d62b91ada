"""What a node is given: the run's folder, ledger, models, sandbox and the words to read them by.

`Run` is the graph's runtime context and satisfies `tools.toolchain.Context`. A node is a plain function
`node(state, run) -> update`; `graph.py` hands it the two. Doesn't hold anything that must survive: that is the
ledger's, the checkpoint's and the artifact store's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agents.state import State, Update
from agents.verifiers.protocol import Verifier
from memory.artifacts import ArtifactStore
from memory.harvest import Origin
from memory.keys import step_key
from memory.ledger import Ledger
from memory.project_runs import label
from memory.steps import Steps
from pelagos.errors import DamagedRun, Interrupted
from pelagos.nouns import Experiment, Noun, RankedPaper, Role, Verdict, Version
from pelagos.settings import Caps, Settings
from sandbox import cards
from sandbox.protocol import Limits, Sandbox
from tools.literature.cascade import Cascade
from tools.toolchain import Mind, Task, Toolchain

if TYPE_CHECKING:
    from memory.bank import HypothesisBank
    from memory.embedder import Embedder
    from sandbox.slots import Slots

N = TypeVar("N", bound=Noun)
AUDIT = 2  # experiments of one winner's audit: its control and the baseline's


@dataclass
class Run:
    """`folder` is the run's, `project` the one whose bank is shared. `stop` asks for an end at the next boundary."""

    folder: Path
    project: Path
    settings: Settings
    task: Task
    toolchain: Toolchain
    steps: Steps
    artifacts: ArtifactStore
    sandbox: Sandbox
    slots: Slots
    bank: HypothesisBank
    embedder: Embedder
    verifier: Verifier
    mind: Callable[[Role], Mind]
    stop: threading.Event = field(default_factory=threading.Event)
    literature: Cascade = field(default_factory=Cascade)

    @property
    def ledger(self) -> Ledger:
        return self.steps.ledger

    @property
    def debug_tries(self) -> int:
        return self.settings.loop.debug_tries

    @property
    def drafts(self) -> int:
        return self.settings.loop.drafts

    @property
    def workers(self) -> int:
        """Experiments in flight at a time; the slots decide how many of them compute."""
        return self.settings.loop.workers or os.cpu_count() or 1

    def model(self, role: Role) -> Mind:
        self.boundary()
        return self.mind(role)

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        self.boundary()
        return self.slots.take(cpus)

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        self.boundary()
        told: list[str] = []

        def waiting(reason: str) -> None:
            self.boundary()
            if not told:  # the figures in it change all the time
                told.append(reason)
                self.say(reason)

        return cards.take(limits.gpus, limits.gpu_memory_mb, waiting)

    def say(self, text: str) -> None:
        note(self.ledger, text)

    def boundary(self) -> None:
        """Raises Interrupted if a stop was asked for; everything recorded so far stays."""
        if self.stop.is_set():
            raise Interrupted("stopped at a boundary")

    def open_reserve(self) -> None:
        """The loop may not spend what confirm needs; from here on the whole of every cap counts."""
        self.steps.budget.caps = self.settings.caps

    @contextmanager
    def whole_caps(self) -> Iterator[None]:
        """For as long as this lasts, the whole of every cap counts: a winner's audit is part of its confirmation."""
        held = self.steps.budget.caps
        self.open_reserve()
        try:
            yield
        finally:
            self.steps.budget.caps = held

    def record(self, noun: Noun) -> None:
        """A fact under its id; the first one holds."""
        self.ledger.append(_kind(type(noun)), _id(noun), noun.model_dump(mode="json"))

    def noun(self, kind: type[N], id: str) -> N:
        """The newest fact of this kind with this id. Raises DamagedRun if the ledger lacks it."""
        payload = self.ledger.find(_kind(kind), id)
        if payload is not None:
            return _load(kind, payload)
        for found in reversed(self.nouns(kind)):
            if _id(found) == id:
                return found
        raise DamagedRun(f"{self.folder}: no {_kind(kind)} {id} in the ledger")

    def nouns(self, kind: type[N]) -> list[N]:
        """All facts of this kind in the order they were recorded, one per id: the newest."""
        found = (_load(kind, event.payload) for event in self.ledger.events(_kind(kind)))
        return list({_id(noun): noun for noun in found}.values())

    def experiments(self, version: str, split: str = "validation") -> list[Experiment]:
        """Finished experiments of one version, in the order of the task's seeds."""
        order = {seed: place for place, seed in enumerate(self.task.seeds)}
        mine = [e for e in self.nouns(Experiment) if e.version == version and e.split == split]
        return sorted(mine, key=lambda e: order.get(e.seed, len(order)))

    def verdicts(self) -> dict[str, Verdict]:
        """Hypothesis id -> its newest verdict."""
        return {verdict.hypothesis: verdict for verdict in self.nouns(Verdict)}

    def papers(self) -> list[RankedPaper]:
        """The surveyed papers that go into ideation, best first; empty before survey and without a corpus."""
        found = [event.payload for event in self.ledger.events("survey")]
        return [
            RankedPaper(**paper) for fact in found for paper in fact["papers"] if paper["paper"]["id"] in fact["kept"]
        ]

    def baseline(self) -> Version:
        return self.toolchain.baseline(self.task, self)

    @property
    def origin(self) -> Origin:
        """Hypothesis ids are a run's own; the bank is the project's."""
        metric = self.task.metric
        return Origin(label(self.project, self.folder), self.task.name, metric.name, metric.unit)


def note(ledger: Ledger, text: str) -> None:
    """One line for whoever is watching; said once, however often a resumed run gets here."""
    ledger.append("note", step_key(text=text), {"text": text})


Node = Callable[[State, Run], Update]


def held_back(caps: Caps, max_seeds: int) -> Caps:
    """The caps while the loop runs: a share of experiments, time and disk is kept for judge, confirm and report.

    Confirm is all or nothing: `max_seeds` pairs for one winner at least, and its audit before. Where a cap is below
    twice the pairs, nothing is kept, since nothing could be confirmed.
    """
    kept = {"seconds": 0.85, "disk_mb": 0.9}
    shrunk = {name: getattr(caps, name) * share for name, share in kept.items() if getattr(caps, name) is not None}
    if caps.experiments is not None and confirmable(caps, max_seeds):
        one_winner = 2 * max_seeds + AUDIT
        shrunk["experiments"] = caps.experiments - min(2 * one_winner, max(one_winner, caps.experiments // 3))
    return caps.model_copy(update=shrunk)


def confirmable(caps: Caps, max_seeds: int) -> bool:
    """Whether the cap on experiments leaves room for a loop and for one winner's confirmation."""
    return caps.experiments is None or caps.experiments >= 4 * max_seeds


def _kind(kind: type[Noun]) -> str:
    return kind.__name__.lower()


def _id(noun: Noun) -> str:
    return str(noun.id)  # type: ignore[attr-defined]


def _load(kind: type[N], payload: dict[str, Any]) -> N:
    """A fact may carry more than the noun (its cost)."""
    return kind.model_validate({name: payload[name] for name in kind.model_fields if name in payload})
