"""Reflect: records the lesson of the hypothesis in progress: effect with interval, cost, change, and why it failed.

Lessons go to the ledger (the next idea's prompt reads them) and to the project's bank, dead ends as well as successes.
The plan's verifier scores are recorded beside what happened, so that the verifier can be calibrated. The text is made
from the numbers, no model writes it. If a version isn't what its hypothesis says, the hypothesis was not tested: the
numbers are recorded under the name of what was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from agents.fidelity.assess import find_fidelity
from agents.fidelity.judged_version import find_judged_version
from agents.fidelity.signatures import read_signatures
from agents.fidelity.titles import choose_title, counts_for_hypothesis
from agents.judging.confounders import describe_changes, join_hypothesis_text
from agents.judging.differences import shorten_lines
from agents.lessons.lessons import UNFAITHFUL, compose_text, decide_kind, keep_lesson
from agents.run import Run
from agents.state import Lane, Update, clear_hypothesis
from memory.ledger.keys import step_key
from pelagos.errors import CapReached
from pelagos.facts.calls import Call, ModelFault
from pelagos.facts.ideas import Foreseen
from pelagos.nouns import (
    Build,
    Experiment,
    Hypothesis,
    Lesson,
    OutcomeKind,
    Plan,
    Verdict,
    VerdictKind,
    Version,
)

F = TypeVar("F", Experiment, Call, ModelFault)


def reflect(state: Lane, run: Run) -> Update:
    id = state["hypothesis"]
    verdict, builds = run.verdict(id), [run.noun(Build, build) for build in run.tally.builds.get(id, ())]
    keep_lesson(_make_lesson(run.noun(Hypothesis, id), verdict, builds, run, state["status"] != "running"), run)
    for build in builds:
        _record_foresight(build, verdict, run)
    run.pace.end(id)
    return clear_hypothesis()


def _make_lesson(
    hypothesis: Hypothesis, verdict: Verdict | None, builds: Sequence[Build], run: Run, stopped: bool
) -> Lesson:
    experiments = _list_facts_for(Experiment, hypothesis.id, run)
    version = find_judged_version(verdict, builds, partial(run.noun, Experiment))
    did = _describe_deeds(version, hypothesis, builds, run)
    failure = _find_failure(version, builds, experiments) or (verdict.reason if verdict and version is None else "")
    fidelity = find_fidelity(version, run)
    return Lesson(
        id=step_key(hypothesis=hypothesis.id, verdict=verdict.id if verdict else ""),
        hypothesis=hypothesis.id,
        title=choose_title(hypothesis, fidelity),
        target=hypothesis.target,
        verdict=decide_kind(verdict, fidelity),
        effect=verdict.effect if verdict else None,
        suspect=bool(verdict and verdict.suspect),
        failure=failure if counts_for_hypothesis(fidelity) else UNFAITHFUL,
        cut_short=stopped and (verdict is None or verdict.kind is VerdictKind.UNDECIDED),
        seconds=sum(experiment.seconds for experiment in experiments if not experiment.origin),
        tokens=_count_tokens(hypothesis.id, run),
        diff=_store_diff(version, run),
        did=did,
        text=compose_text(hypothesis, verdict, run.task.metric, failure, did, fidelity),
    )


def _store_diff(version: str | None, run: Run) -> str:
    """Store the version's diff; return the artifact's hash, "" without a version."""
    if version is None:
        return ""
    return run.artifacts.put_text(run.toolchain.diff(run.task, run.noun(Version, version), run))


def _describe_deeds(version: str | None, hypothesis: Hypothesis, builds: Sequence[Build], run: Run) -> str:
    """Return one line of measured differences between version and baseline; "" if they weren't measured."""
    try:
        signatures = read_signatures(run.noun(Version, version), run) if version else None
    except CapReached as reached:  # the lesson is worth having without it
        run.say(f"what {version} did isn't measured: {reached}")
        return ""
    words = join_hypothesis_text(hypothesis, [run.noun(Plan, build.plan) for build in builds])
    return shorten_lines(describe_changes(words, *signatures)) if signatures else ""


def _find_failure(version: str | None, builds: Sequence[Build], experiments: Sequence[Experiment]) -> str:
    """Return the class of the cause that stopped the version, "" if it ran on every seed or nothing was built."""
    if version is None:
        return builds[-1].cause if builds else ""
    runs = [each for each in experiments if each.version == version and each.split == "validation"]
    failed = [each for each in runs if each.outcome is not OutcomeKind.OK]
    if failed:
        return failed[0].cause or failed[0].outcome.value
    return "" if runs else "never run"


def _record_foresight(build: Build, verdict: Verdict | None, run: Run) -> None:
    """Record the plan's step scores with what happened: did it run, was it what was asked for, did it help."""
    plan, fidelity = run.noun(Plan, build.plan), find_fidelity(build.version, run)
    foreseen = Foreseen(
        plan=plan.id,
        hypothesis=build.hypothesis,
        verifier=run.verifier.name,
        step_scores=plan.step_scores,
        score=plan.score,
        ran=build.version is not None,
        cause=build.cause,
        tries=len(build.tries),
        fidelity=fidelity.answer.value if fidelity else None,
        verdict=verdict.kind.value if verdict else None,
        effect=verdict.effect.value if verdict and verdict.effect else None,
    )
    run.ledger.record(foreseen, step_key(build=build.id, verdict=verdict.id if verdict else ""))


def _count_tokens(hypothesis: str, run: Run) -> int:
    """Return the tokens of the hypothesis' model calls, including failed ones."""
    calls, faults = _list_facts_for(Call, hypothesis, run), _list_facts_for(ModelFault, hypothesis, run)
    return sum(call.cost.tokens for call in calls) + sum(fault.cost.tokens for fault in faults)


def _list_facts_for(kind: type[F], hypothesis: str, run: Run) -> list[F]:
    """Return the facts of a kind that belong to the hypothesis. Starts at its pace fact, which marks its beginning: the
    calls for its idea are recorded before the hypothesis itself."""
    pace = run.ledger.event("pace", hypothesis)
    facts = run.ledger.facts(kind, after=pace.seq if pace else 0).values()
    return [fact for fact in facts if fact.hypothesis == hypothesis]
