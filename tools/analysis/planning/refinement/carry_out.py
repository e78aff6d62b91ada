"""Carries out a workflow call by call. After each result the rest is planned again; every revision is a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from memory.ledger.keys import canonical
from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun, Revision
from tools.analysis.planning.refinement.choice import choose_continuation
from tools.analysis.planning.refinement.observation import Observation, look_before, observe
from tools.analysis.planning.refinement.repair import COLLINEAR
from tools.analysis.planning.refinement.revisions import record_revision
from tools.analysis.planning.refinement.rules import (
    AS_PLANNED,
    Continuation,
    Situation,
    has_few_samples,
    list_continuations,
)
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.faults import find_faults
from tools.analysis.planning.workflows.search import Search

MAX_CALLS, MAX_REVISIONS = 24, 4
"""Calls that one objective may carry out, all its workflows together; revisions of one workflow."""


@dataclass
class Allowance:
    """What is left of the calls of an objective. `refused` are the tests that its samples don't permit, whatever is
    done to the values before: call -> the tool's reason."""

    calls: int = MAX_CALLS
    refused: dict[str, str] = field(default_factory=dict)

    def learn(self, run: CallsRun) -> None:
        """Note a test that refused the samples' columns, and not their values."""
        if run.failed_call is not None and COLLINEAR.search(run.cause):
            self.refused[canonical(run.calls[run.failed_call])] = run.cause

    def find_refusal(self, calls: Sequence[Call]) -> str:
        """Return why the test of a workflow needn't be asked again, "" where it may be."""
        return self.refused.get(canonical(calls[-1]), "")


@dataclass
class Course:
    """A workflow under way: `path` are its calls, the first `done` of which were carried out, with what was known
    before each and after the last. `tried` are workflows that were begun or left, `settled` the ways among which it was
    chosen to go on as planned."""

    path: list[Call]
    known: list[Observation]
    done: int = 0
    revisions: int = 0
    tried: set[str] = field(default_factory=set)
    settled: list[list[str]] = field(default_factory=list)

    def go_on(self, now: Observation | None) -> None:
        """The next call is that after the one that ran."""
        self.done += 1
        self.known.append(now or self.known[-1])

    def turn(self, calls: Sequence[Call], run: CallsRun, now: Observation | None) -> None:
        """Go on with other calls: those that they have in common with what ran stay done."""
        if run.ok:
            self.go_on(now)
        self.done = _count_common(self.path[: self.done], calls)
        self.path, self.known = list(calls), self.known[: self.done + 1]
        self.tried.add(canonical(self.path))


def carry_out(calls: Sequence[Call], search: Search, study: Study, opening: str, allowed: Allowance) -> CallsRun:
    """Return the run of the workflow as it was in the end, or of the call that could not be mended. Raises CapReached,
    RunFailed, and what models raise except BadReply."""
    course = Course(list(calls), [look_before(study.view)], tried={canonical(list(calls))})
    while True:
        if not allowed.calls:
            return CallsRun(
                calls=course.path, outcome="invalid", cause=f"after {MAX_CALLS} calls nothing more is tried"
            )
        allowed.calls -= 1
        run = study.advance(course.path[: course.done + 1])
        allowed.learn(run)
        now = observe(run)
        if _revise(course, run, now, search, study, opening):
            continue
        if not run.ok or len(run.calls) == len(course.path):
            return run
        if now is not None and (cause := _find_dead_end(now, search)):
            return run.model_copy(update={"outcome": "invalid", "cause": f"{run.calls[-1]['tool']}: {cause}"})
        course.go_on(now)


def _revise(course: Course, run: CallsRun, now: Observation | None, search: Search, study: Study, opening: str) -> bool:
    """Plan the rest again. Return whether other calls come next."""
    if course.revisions == MAX_REVISIONS:
        return False
    here = Situation(course.path, run, course.known[course.done], now if run.ok else None, search)
    options = [each for each in list_continuations(here) if _is_open(each, course, study)]
    ways = [each.rule for each in options]
    if ways in course.settled or not any(way != AS_PLANNED for way in ways):
        return False
    seen = str(now) if now is not None and run.ok else run.cause
    chosen, by = choose_continuation(options, seen, search.objective, study, opening)
    revision = Revision(
        objective=search.objective.id,
        before=course.path,
        after=chosen.calls,
        reason=chosen.reason,
        by=by,
        rule=chosen.rule,
        options=ways,
        seen=f"after {run.calls[-1]['tool']}: {seen}",
    )
    record_revision(study, search.objective, revision)
    course.revisions += 1
    if chosen.rule == AS_PLANNED:
        course.settled.append(ways)
        return False
    course.turn(chosen.calls, run, now)
    return True


def _is_open(option: Continuation, course: Course, study: Study) -> bool:
    if option.rule == AS_PLANNED:
        return True
    return canonical(option.calls) not in course.tried and not find_faults(option.calls, study)


def _find_dead_end(now: Observation, search: Search) -> str:
    """Return why no test can follow, "" where one can."""
    if not now.features or not now.samples:
        return "nothing is left"
    few = has_few_samples(now, search)
    return f"{now.smallest_group} samples are left in the smaller group" if few else ""


def _count_common(ran: Sequence[Call], calls: Sequence[Call]) -> int:
    """Return with how many calls that ran other calls begin; the last of them has to be carried out still."""
    same = 0
    for mine, theirs in zip(ran, calls[:-1], strict=False):
        if mine != theirs:
            break
        same += 1
    return same
