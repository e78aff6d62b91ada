"""Reflect: the causal record of the hypothesis in work: effect with interval, cost, change, and why it failed.

Lessons go to the ledger (the next idea's prompt reads them) and to the project's bank, dead ends as well as successes.
What the plan's verifier had said is recorded beside what happened, so that it can be calibrated. The text is made from
the numbers, no model writes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.run import Run
from agents.state import Lane, Update, between
from memory.harvest import learned
from memory.keys import step_key
from pelagos.nouns import (
    Build,
    Experiment,
    Hypothesis,
    Lesson,
    Metric,
    OutcomeKind,
    Plan,
    Verdict,
    VerdictKind,
    Version,
)


def reflect(state: Lane, run: Run) -> Update:
    id, verdicts = state["hypothesis"], run.verdicts()
    builds = [build for build in run.nouns(Build) if build.hypothesis == id]
    _keep(_lesson(run.noun(Hypothesis, id), verdicts.get(id), builds, run, state["status"] != "running"), run)
    for build in builds:
        _outcome(build, verdicts.get(id), run)
    newest = {lesson.hypothesis: lesson for lesson in run.nouns(Lesson)}
    for other in newest.values():
        if other.hypothesis != id:
            _revise(other, verdicts.get(other.hypothesis), run)
    run.pace.end(id)
    return between()


def _keep(lesson: Lesson, run: Run) -> None:
    run.record(lesson)
    run.bank.learn(run.origin.id(lesson.hypothesis), learned(lesson.model_dump(mode="json")))


def _revise(newest: Lesson, verdict: Verdict | None, run: Run) -> None:
    """Error control looks at all hypotheses at once, so a later one may turn an earlier verdict."""
    if verdict is None or verdict.kind is newest.verdict:
        return
    hypothesis = run.noun(Hypothesis, newest.hypothesis)
    told = {"verdict": verdict.kind, "effect": verdict.effect, "low": verdict.low, "high": verdict.high}
    text = lesson_text(hypothesis, verdict, run.task.metric, newest.failure)
    id = step_key(hypothesis=newest.hypothesis, verdict=verdict.id)
    _keep(newest.model_copy(update={**told, "id": id, "text": text, "cut_short": False}), run)


def _lesson(
    hypothesis: Hypothesis, verdict: Verdict | None, builds: Sequence[Build], run: Run, stopped: bool
) -> Lesson:
    experiments = [one for one in run.nouns(Experiment) if one.hypothesis == hypothesis.id]
    version = _version(verdict, builds, run)
    failure = _failure(version, builds, experiments) or (verdict.reason if verdict and version is None else "")
    return Lesson(
        id=step_key(hypothesis=hypothesis.id, verdict=verdict.id if verdict else ""),
        hypothesis=hypothesis.id,
        title=hypothesis.title,
        target=hypothesis.target,
        verdict=verdict.kind if verdict else None,
        effect=verdict.effect if verdict else None,
        low=verdict.low if verdict else None,
        high=verdict.high if verdict else None,
        failure=failure,
        cut_short=stopped and (verdict is None or verdict.kind is VerdictKind.UNDECIDED),
        seconds=sum(one.seconds for one in experiments),
        tokens=_tokens(hypothesis.id, run),
        diff=_diff(version, run),
        text=lesson_text(hypothesis, verdict, run.task.metric, failure),
    )


def _version(verdict: Verdict | None, builds: Sequence[Build], run: Run) -> str | None:
    """The version judged, else the newest that was built."""
    if verdict and verdict.evidence:
        return run.noun(Experiment, verdict.evidence[0]).version
    return next((build.version for build in reversed(builds) if build.version), None)


def _diff(version: str | None, run: Run) -> str:
    if version is None:
        return ""
    return run.artifacts.put_text(run.toolchain.diff(run.task, run.noun(Version, version), run))


def _failure(version: str | None, builds: Sequence[Build], experiments: Sequence[Experiment]) -> str:
    """The cause class of what stopped it, "" where it ran on every seed or was never built."""
    if version is None:
        return builds[-1].cause if builds else ""
    mine = [one for one in experiments if one.version == version and one.split == "validation"]
    failed = [one for one in mine if one.outcome is not OutcomeKind.OK]
    if failed:
        return failed[0].cause or failed[0].outcome.value
    return "" if mine else "never run"


def lesson_text(hypothesis: Hypothesis, verdict: Verdict | None, metric: Metric, failure: str) -> str:
    """One paragraph from the numbers; scores in the metric's unit, effects with positive as better."""
    if verdict is None or verdict.effect is None:
        return f"Not tested: {failure or (verdict.reason if verdict else 'no verdict')}."
    unit = f" {metric.unit}" if metric.unit else ""
    text = f"{metric.name} {verdict.baseline_score:.4g} -> {verdict.score:.4g}{unit}"
    text += f", effect {verdict.effect:+.4g}{_interval(verdict)} over {verdict.seeds} seeds"
    if verdict.suspect:
        return f"Suspect, so it counts for nothing: {'; '.join(verdict.suspect)}. Claimed: {text}."
    predicted = "" if hypothesis.predicted_effect is None else f", predicted {hypothesis.predicted_effect:+.3g}"
    text += f"{predicted}: {verdict.kind.value} ({verdict.reason})."
    return f"{text} It failed on some seeds: {failure}." if failure else text


def _interval(verdict: Verdict) -> str:
    return f" [{verdict.low:.4g}, {verdict.high:.4g}]" if verdict.low is not None and verdict.high is not None else ""


def _outcome(build: Build, verdict: Verdict | None, run: Run) -> None:
    """Plan step scores against what happened: did it run, were its steps there, did it help."""
    plan = run.noun(Plan, build.plan)
    payload = {
        "plan": plan.id,
        "hypothesis": build.hypothesis,
        "verifier": run.verifier.name,
        "step_scores": plan.step_scores,
        "score": plan.score,
        "ran": build.version is not None,
        "cause": build.cause,
        "tries": len(build.tries),
        "checks": build.checks,
        "verdict": verdict.kind.value if verdict else None,
        "effect": verdict.effect if verdict else None,
    }
    run.ledger.append("verifier.outcome", step_key(build=build.id, verdict=verdict.id if verdict else ""), payload)


def _tokens(hypothesis: str, run: Run) -> int:
    """Of the model calls that were made for it, failed ones among them: its idea's come before its row, so they are
    looked for from the pace fact on, which stands at its beginning."""
    begun = run.ledger.event("pace", hypothesis)
    after = begun.seq if begun else 0
    calls = (event.payload for event in run.ledger.events(kinds=("model", "model.fault"), after=after))
    return sum(int(call.get("cost", {}).get("tokens", 0)) for call in calls if call.get("hypothesis") == hypothesis)
