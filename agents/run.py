"""What a node is given: the run's folder, ledger, models, sandbox and the words to read them by.

`Run` is the graph's runtime context and satisfies `tools.toolchain.Context`. A node is a plain function
`node(state, run) -> update`; `graph.py` hands it the two. Doesn't hold anything that must survive: that is the
ledger's, the checkpoint's and the artifact store's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agents.desk import Desk
from agents.judging.cases import Case, Cases
from agents.judging.rules import Rules
from agents.likeness import Likeness, likeness
from agents.notes import note
from agents.pace import Pace
from agents.quota import Quota
from agents.tally import Ran, Tally
from agents.verifiers.protocol import Verifier
from memory.artifacts import ArtifactStore
from memory.facts import Facts
from memory.harvest import Origin
from memory.ledger import Ledger
from memory.project_runs import label
from memory.steps import Steps
from pelagos.errors import DamagedRun, Interrupted
from pelagos.nouns import (
    Audit,
    Build,
    Experiment,
    Hypothesis,
    Lesson,
    Noun,
    Plan,
    RankedPaper,
    Role,
    Split,
    Verdict,
    VerdictKind,
    Version,
)
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
PLANNED = 10  # hypotheses that the e-values are tuned for where time alone bounds their number
AUDIT = 4  # experiments of one honest winner's audit: three controls on validation data, one on the sealed stage
NOUNS: tuple[type[Noun], ...] = (Hypothesis, Plan, Version, Build, Experiment, Verdict, Audit, Lesson)


@dataclass
class Run:
    """`folder` is the run's, `project` the one whose bank is shared. `stop` asks for an end at the next boundary.
    `planned`: hypotheses that the run was launched to test, None where time alone bounds them."""

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
    lanes: int = 1
    planned: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], float] = time.monotonic
    literature: Cascade = field(default_factory=Cascade)
    judging: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._tally = Tally(self.task.seeds)
        self.facts = Facts(self.ledger, {_kind(kind): partial(_load, kind) for kind in NOUNS}, self._tally.fold)
        self.pace = Pace.of(self.ledger, self.now)
        self.ledger.watch(self.pace.heed)
        self.desk = Desk(self.lanes, 0.0, self.steps.budget)
        rules = rules_of(self.settings, len(self.task.seeds), self.planned)
        self.cases = Cases(self.task, rules, self.artifacts, partial(self.noun, Experiment))
        self.told: dict[str, Case] = {}  # hypothesis -> the case that its newest verdict speaks of
        cut = {lesson.hypothesis: lesson.cut_short for lesson in self.nouns(Lesson)}
        kept = {event.key for event in self.ledger.events("screened") if event.payload["kept"]}
        self.quota = Quota(self.settings.hypotheses, (id for id in kept if not cut.get(id)))

    @property
    def ledger(self) -> Ledger:
        return self.steps.ledger

    @property
    def tries(self) -> int:
        return self.settings.loop.tries

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
        """Lanes may not spend what confirm needs; from here on the whole of every cap counts."""
        self.steps.budget.caps = self.settings.caps

    def hold_reserve(self, winners: int) -> None:
        """Keep back what confirm needs for `winners` and for one that may yet come, as long as it takes here."""
        seconds = self.pace.confirm_s(self.settings.judge.max_seeds, winners + 1, self.workers)
        self.steps.budget.caps = held_back(self.settings.caps, self.settings.judge.max_seeds, seconds)

    def whole_caps(self) -> AbstractContextManager[None]:
        """For as long as this lasts, the whole of every cap counts: a winner's audit is part of its confirmation."""
        return self.steps.budget.whole(self.settings.caps)

    def record(self, noun: Noun) -> None:
        """A fact under its id; the first one holds."""
        self.ledger.append(_kind(type(noun)), _id(noun), noun.model_dump(mode="json"))

    def noun(self, kind: type[N], id: str) -> N:
        """The newest fact of this kind with this id. Raises DamagedRun if the ledger lacks it."""
        found: N | None = self.facts.get(_kind(kind), id)
        if found is None:
            raise DamagedRun(f"{self.folder}: no {_kind(kind)} {id} in the ledger")
        return found

    def nouns(self, kind: type[N]) -> list[N]:
        """All facts of this kind in the order they were recorded, one per id: the newest. Reads all of them, so what
        is asked for at every hypothesis is the tally's."""
        return list(self.facts.of(_kind(kind)).values())

    def experiment(self, version: Version, seed: int, split: Split) -> Experiment:
        """Execute and score; a finished one is never run again."""
        return self.toolchain.experiment(self.task, version, seed, split, self)

    @property
    def tally(self) -> Tally:
        """What the facts come to so far."""
        self.facts.fold_new()
        return self._tally

    def verdict(self, hypothesis: str) -> Verdict | None:
        """Its newest verdict, None before there is one."""
        said = self.tally.verdicts.get(hypothesis)
        return self.noun(Verdict, said.id) if said else None

    def verdicts(self) -> dict[str, Verdict]:
        """Hypothesis id -> its newest verdict, of all. Reads all of them."""
        return {verdict.hypothesis: verdict for verdict in self.nouns(Verdict)}

    def winners(self) -> list[str]:
        """Ids of the hypotheses whose newest verdict is supported."""
        said = dict(self.tally.verdicts)
        return [id for id, verdict in said.items() if verdict.kind is VerdictKind.SUPPORTED]

    def papers(self) -> list[RankedPaper]:
        """The surveyed papers that go into ideation, best first; empty before survey and without a corpus."""
        fact = self.ledger.find("survey", "survey") or {"papers": [], "kept": []}
        return [RankedPaper(**paper) for paper in fact["papers"] if paper["paper"]["id"] in fact["kept"]]

    @cached_property
    def builds_before(self) -> int:
        """How many builds there were when this drive first asked, which is before it begins a hypothesis."""
        return len(self.tally.every_build)

    @cached_property
    def likeness(self) -> Likeness:
        """Paper id -> target -> likeness, of the surveyed papers: not to be asked for before the survey."""
        papers = [ranked.paper for ranked in self.papers()]
        targets = self.toolchain.brief(self.task, self).targets
        return likeness(papers, {t: self.toolchain.material(self.task, t, self) for t in targets}, self.embedder)

    def baseline(self) -> Version:
        return self.toolchain.baseline(self.task, self)

    def validation(self) -> dict[str, tuple[Ran, ...]]:
        """Version -> its finished experiments on the validation split, in the order of the task's seeds."""
        return dict(self.tally.validation)

    @cached_property
    def origin(self) -> Origin:
        """Hypothesis ids are a run's own; the bank is the project's."""
        metric = self.task.metric
        return Origin(label(self.project, self.folder), self.task.name, metric.name, metric.unit)


def rules_of(settings: Settings, seeds: int, planned: int | None) -> Rules:
    """The rules of a run that was launched with these settings, to test `planned` hypotheses."""
    return Rules.of(settings.judge, seeds, (planned or PLANNED) * settings.loop.plans_kept)


def held_back(caps: Caps, max_seeds: int, confirm_s: float = 0.0) -> Caps:
    """The caps while lanes work: a share of experiments, time and disk is kept for confirm and report.

    `confirm_s` is how long confirm will take here; before that was measured a share of the time is kept. Confirm is all
    or nothing: `max_seeds` pairs for one winner at least, and its audit before. Where a cap on experiments is below
    twice the pairs, nothing is kept, since nothing could be confirmed.
    """
    shrunk: dict[str, float] = {}
    if caps.disk_mb is not None:
        shrunk["disk_mb"] = caps.disk_mb * 0.9
    if caps.seconds is not None:
        shrunk["seconds"] = caps.seconds * 0.97 - min(confirm_s or 0.12 * caps.seconds, 0.4 * caps.seconds)
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
