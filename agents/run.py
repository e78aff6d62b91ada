"""Holds what a node is given: the run's folder, ledger, models, sandbox, and how to read them.

`Run` is the graph's runtime context and satisfies `tools.toolchain.Context`. A node is a plain function
`node(state, run) -> update`; `graph.py` calls it with both. Doesn't hold anything that must survive the process: that
is in the ledger, the checkpoint and the artifact store.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agents.current_hypothesis import current_hypothesis
from agents.judging.rules import Rules
from agents.literature.likeness import Likeness, compare_papers
from agents.notes import note
from agents.notify.notifier import Notifier
from agents.pacing.pace import Pace
from agents.pacing.quota import Quota
from agents.review.control import ControlWatch
from agents.review.review_gate import ReviewGate
from agents.tally import ExperimentRef, Tally
from agents.verifiers.protocol import Solution, Verifier
from memory.artifacts import ArtifactStore
from memory.bank.backfill import Origin
from memory.files.project_runs import run_label
from memory.ledger.facts import Facts
from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger
from memory.steps.steps import Steps
from pelagos.errors import DamagedRun, Interrupted
from pelagos.external_tools import NO_TOOLS, ExternalTools
from pelagos.facts.calls import Scoring
from pelagos.facts.fact import Cost, find_kind
from pelagos.facts.ideas import Screened, Submission, Survey
from pelagos.facts.reader import NOUNS, read
from pelagos.nouns import (
    Experiment,
    Fidelity,
    Lesson,
    Noun,
    RankedPaper,
    Role,
    Split,
    Verdict,
    Version,
)
from pelagos.settings import Caps, Settings
from sandbox.gpu import gpu_slots
from sandbox.protocol import Limits, Sandbox
from tools.abilities import Proposing
from tools.external.asking import Asker
from tools.external.toolbox import Toolbox
from tools.literature.cascade import Cascade
from tools.skills.finding import find_skills
from tools.skills.scripts import find_scripts
from tools.toolchain import Consulting, RoleModel, Task, Toolchain, Work

if TYPE_CHECKING:
    from memory.bank.bank import HypothesisBank
    from memory.embedders.embedder import Embedder
    from sandbox.host.cpu_slots import CpuSlots

N = TypeVar("N", bound=Noun)
AUDIT_EXPERIMENTS = 4  # of one honest winner's audit: three controls on validation data, one on the sealed stage


@dataclass
class Run:
    """`folder` is the run's, `project` the one whose bank is shared. If `stop` is set, the run stops at the next
    boundary."""

    folder: Path
    project: Path
    settings: Settings
    task: Task
    toolchain: Toolchain[Task]
    steps: Steps
    artifacts: ArtifactStore
    sandbox: Sandbox
    slots: CpuSlots
    bank: HypothesisBank
    embedder: Embedder
    verifier: Verifier
    role_models: Callable[[Role], RoleModel]
    lanes: int = 1
    stop: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], float] = time.monotonic
    literature: Cascade = field(default_factory=Cascade)
    external: ExternalTools = field(default_factory=ExternalTools)

    def __post_init__(self) -> None:
        self.notifier = Notifier(self.ledger, self.folder.name, self.task.name)
        self._tally = Tally(self.task.seeds)
        self.facts = Facts(self.ledger, {find_kind(kind): partial(read, kind) for kind in NOUNS}, self._tally.fold)
        self.pace = Pace.from_ledger(self.ledger, self.now)
        self.ledger.watch(self.pace.on_event)
        self.control = ControlWatch(self.ledger, self.stop)
        self.review_gate = ReviewGate(self.lanes, 0.0, self.steps.budget)
        self.rules = Rules.from_settings(self.settings.judge, len(self.task.seeds))
        cut_short = {lesson.hypothesis: lesson.cut_short for lesson in self.nouns(Lesson)}  # by its newest lesson
        kept = (id for id, screened in self.ledger.facts(Screened).items() if screened.kept)
        self.quota = Quota(self.settings.hypotheses, (id for id in kept if not cut_short.get(id)))

    @property
    def ledger(self) -> Ledger:
        return self.steps.ledger

    @property
    def workers(self) -> int:
        """How many experiments run at a time; the slots decide how many of them compute."""
        return self.settings.loop.workers or os.cpu_count() or 1

    def model(self, role: Role) -> RoleModel:
        self.boundary()
        return self.role_models(role)

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        self.boundary()
        return self.slots.take(cpus)

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        self.boundary()
        said: list[str] = []

        def say_once(reason: str) -> None:
            self.boundary()
            if not said:  # the figures in it change at every call
                said.append(reason)
                self.say(reason)

        return gpu_slots.take(limits.gpus, limits.gpu_memory_mb, say_once)

    def say(self, text: str) -> None:
        note(self.ledger, text)

    def boundary(self) -> None:
        """Waits while a person has paused the run. Raises Interrupted if a stop was requested; everything recorded so
        far stays."""
        if self.control.hold(self.steps.budget, self.say):
            self.pace.forget(current_hypothesis())
            self.review_gate.restart_patience()
        if self.stop.is_set():
            raise Interrupted("stopped at a boundary")

    def hold_reserve(self) -> None:
        """Reserve what confirm needs, by the time it takes here: for two tests if a hypothesis is promising, else for
        one."""
        tests = 2 if self.promising() else 1
        seconds = self.pace.confirm_s(self.settings.judge.max_seeds, tests, self.workers)
        self.steps.budget.limit_loop(subtract_reserve(self.settings.caps, self.settings.judge.max_seeds, seconds))

    def record(self, noun: Noun) -> None:
        """Record the noun as a fact under its id. If the id has one already, that one holds."""
        self.ledger.record(noun, str(noun.id))  # type: ignore[attr-defined]

    def noun(self, kind: type[N], id: str) -> N:
        """Return the newest fact of this kind with this id. Raises DamagedRun if the ledger lacks it."""
        noun: N | None = self.facts.get(find_kind(kind), id)
        if noun is None:
            raise DamagedRun(f"{self.folder}: no {find_kind(kind)} {id} in the ledger")
        return noun

    def nouns(self, kind: type[N]) -> list[N]:
        """Return the newest fact of each id of this kind, in the order of recording. Reads all of them: for what every
        hypothesis needs use the tally."""
        return list(self.facts.all_of(find_kind(kind)).values())

    def experiment(self, version: Version, seed: int, split: Split) -> Experiment:
        """Execute and score the version. A finished experiment is never run again."""
        return self.toolchain.experiment(self.task, version, seed, split, self)

    def fidelity(self, version: Version) -> Fidelity | None:
        """Assess whether a version that ran does what its hypothesis says; each is assessed once. None where it can't
        differ, since no model writes it. Raises what models raise."""
        from agents.fidelity.assess import assess

        if isinstance(self.toolchain, Proposing):
            return None
        return assess(version, self)

    def affordable_tokens(self) -> float | None:
        """Tokens that ranking may cost for one hypothesis: a share of what one has cost so far; None before the first
        lesson."""
        lessons = len(self.tally.lessons)
        share = self.settings.verifiers.share
        return share * self.steps.budget.summary().tokens.spent / lessons if lessons else None

    def rank(self, works: Sequence[Work]) -> list[int]:
        from agents.verifiers.advice import afford_votes, rank_if_possible

        solutions = [Solution(work.problem, tuple(work.steps)) for work in works]
        verifier = afford_votes(self.verifier, solutions, self.affordable_tokens())
        ranked = rank_if_possible(solutions, verifier, self.say)
        if ranked is None:
            return list(range(len(works)))
        if unrecorded := sum(candidate.raw.usage.unrecorded for candidate in ranked):
            key = step_key(verifier=verifier.name, works=works)
            seconds = round(sum(candidate.raw.usage.seconds for candidate in ranked), 3)
            made = Scoring(verifier=verifier.name, hypothesis=current_hypothesis() or None, seconds=seconds)
            self.steps.spend(made, key, Cost(tokens=unrecorded))
        return [candidate.place for candidate in ranked]

    def criticise(self, work: Work) -> str:
        from agents.verifiers.advice import criticise

        if not self.settings.verifiers.critic:
            return ""
        return criticise(Solution(work.problem, tuple(work.steps)), self.verifier, self.say)

    @property
    def tally(self) -> Tally:
        """The tally of all facts so far."""
        self.facts.fold_new()
        return self._tally

    def verdict(self, hypothesis: str) -> Verdict | None:
        """Return the hypothesis' newest verdict, None before there is one."""
        conclusion = self.tally.verdicts.get(hypothesis)
        return self.noun(Verdict, conclusion.id) if conclusion else None

    def verdicts(self) -> dict[str, Verdict]:
        """Return hypothesis id -> newest verdict, of all hypotheses. Reads all verdicts."""
        return {verdict.hypothesis: verdict for verdict in self.nouns(Verdict)}

    def promising(self) -> list[str]:
        """Return the ids of the hypotheses whose newest verdict is promising: no test on sealed data was concluded."""
        return list(self.tally.promising)

    def papers(self) -> list[RankedPaper]:
        """Return the surveyed papers that ideation uses, best first; none before the survey and without a corpus."""
        survey = self.ledger.fact(Survey, Survey.KIND) or Survey()
        return [ranked for ranked in survey.papers if ranked.paper.id in survey.kept]

    @cached_property
    def submission(self) -> Submission | None:
        """The version that was handed in, where the run judges one; it is recorded before the first drive."""
        return self.ledger.fact(Submission, Submission.KIND)

    @cached_property
    def builds_before(self) -> int:
        """How many builds there were when this drive first read it, which is before it begins a hypothesis."""
        return len(self.tally.all_builds)

    @cached_property
    def likeness(self) -> Likeness:
        """Paper id -> target -> likeness, of the surveyed papers. Don't read it before the survey."""
        papers = [ranked.paper for ranked in self.papers()]
        targets = self.toolchain.brief(self.task, self).targets
        materials = {target: self.toolchain.material(self.task, target, self) for target in targets}
        return compare_papers(papers, materials, self.embedder)

    @cached_property
    def toolbox(self) -> Toolbox:
        """The tools from outside that the settings and the task name, and the allowed scripts of skills."""
        named = self.task.external if isinstance(self.task, Consulting) else NO_TOOLS
        asker = Asker(self.external, self.project, self.sandbox)
        scripts = find_scripts(find_skills(self.project, self.settings.skills).on, self.settings.skill_scripts)
        return Toolbox(asker, named, self.steps, self.artifacts, scripts)

    def baseline(self) -> Version:
        return self.toolchain.baseline(self.task, self)

    def validation(self) -> Mapping[str, tuple[ExperimentRef, ...]]:
        """Return version -> its finished experiments on the validation split, in the order of the task's seeds."""
        return self.tally.validation

    @cached_property
    def origin(self) -> Origin:
        """What the project's bank needs beside a hypothesis id, which is unique in its run only."""
        metric = self.task.metric
        return Origin(run_label(self.project, self.folder), self.task.name, metric.name, metric.unit)


def subtract_reserve(caps: Caps, max_seeds: int, confirm_s: float = 0.0) -> Caps:
    """Return the caps that hold while lanes work: without the experiments, time and disk reserved for confirm and
    report.

    `confirm_s` is how many seconds confirm will take here; 0 if that isn't measured yet, then a share of the time is
    reserved. Confirm is all or nothing: it needs `max_seeds` pairs for at least one winner, and an audit before. If the
    cap on experiments is too low to confirm anything, none are reserved.
    """
    reduced: dict[str, float] = {}
    if caps.disk_mb is not None:
        reduced["disk_mb"] = caps.disk_mb * 0.9
    if caps.seconds is not None:
        reduced["seconds"] = caps.seconds * 0.97 - min(confirm_s or 0.12 * caps.seconds, 0.4 * caps.seconds)
    if caps.experiments is not None and can_confirm(caps, max_seeds):
        one_winner = 2 * max_seeds + AUDIT_EXPERIMENTS
        reduced["experiments"] = caps.experiments - min(2 * one_winner, max(one_winner, caps.experiments // 3))
    return caps.model_copy(update=reduced)


def can_confirm(caps: Caps, max_seeds: int) -> bool:
    """Whether the cap on experiments leaves room for the lanes and for the confirmation of one winner."""
    return caps.experiments is None or caps.experiments >= 4 * max_seeds
