"""Writes lessons to the ledger, which the next idea's prompt reads, and to the project's bank.

Their text is made from the numbers; no model writes it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from agents.fidelity.assess import find_fidelity
from agents.fidelity.judged_version import find_judged_version
from agents.fidelity.titles import choose_title, counts_for_hypothesis
from agents.run import Run
from memory.bank.backfill import lesson_meta
from memory.ledger.keys import step_key
from pelagos.counts import format_count
from pelagos.nouns import Effect, Experiment, Fidelity, Hypothesis, Lesson, Metric, Verdict, VerdictKind

UNFAITHFUL = "unfaithful"


def keep_lesson(lesson: Lesson, run: Run) -> None:
    """Add the lesson to the bank, then record it. A lesson that is recorded isn't made again, so in the other order the
    bank would lack it after a kill in between."""
    run.bank.add_lesson(run.origin.id(lesson.hypothesis), lesson_meta(lesson.model_dump(mode="json")))
    run.record(lesson)


def revise_outdated(run: Run) -> None:
    """Revise the lessons whose verdict has changed: a test on sealed data was made since, or a person has decided
    whether the version is what its hypothesis says."""
    for id in list(run.tally.outdated):
        verdict = run.verdict(id)
        if verdict is not None:
            _revise_lesson(run.noun(Lesson, run.tally.lessons[id].id), verdict, run)


def _revise_lesson(lesson: Lesson, verdict: Verdict, run: Run) -> None:
    hypothesis = run.noun(Hypothesis, lesson.hypothesis)
    fidelity = find_fidelity(find_judged_version(verdict, (), partial(run.noun, Experiment)), run)
    title, kind = choose_title(hypothesis, fidelity), decide_kind(verdict, fidelity)
    unchanged = (lesson.verdict, lesson.effect, lesson.suspect) == (kind, verdict.effect, bool(verdict.suspect))
    if unchanged and lesson.title == title:
        return
    failure = "" if lesson.failure == UNFAITHFUL else lesson.failure
    text = compose_text(hypothesis, verdict, run.task.metric, failure, lesson.did, fidelity)
    changes: dict[str, Any] = {
        "id": step_key(hypothesis=lesson.hypothesis, verdict=verdict.id, title=title),
        "verdict": kind,
        "effect": verdict.effect,
        "suspect": bool(verdict.suspect),
        "title": title,
        "failure": failure if counts_for_hypothesis(fidelity) else UNFAITHFUL,
        "text": text,
        "cut_short": False,
    }
    keep_lesson(lesson.model_copy(update=changes), run)


def decide_kind(verdict: Verdict | None, fidelity: Fidelity | None) -> VerdictKind | None:
    """Return the verdict's kind; undecided if the version isn't what its hypothesis says, None if there is no
    verdict."""
    if verdict is None:
        return None
    return verdict.kind if counts_for_hypothesis(fidelity) else VerdictKind.UNDECIDED


def compose_text(
    hypothesis: Hypothesis,
    verdict: Verdict | None,
    metric: Metric,
    failure: str,
    did: str = "",
    fidelity: Fidelity | None = None,
) -> str:
    """Return one paragraph on the result: scores in the metric's unit, effects with positive as better."""
    if fidelity is not None and not counts_for_hypothesis(fidelity):
        numbers = compose_text(hypothesis, verdict, metric, failure, did)
        return f"Not tested: what was built is something else: {choose_title(hypothesis, fidelity)}. That: {numbers}"
    if verdict is None or verdict.effect is None:
        return f"Not tested: {failure or (verdict.reason if verdict else 'no verdict')}."
    unit = f" {metric.unit}" if metric.unit else ""
    effect = verdict.effect
    text = f"{metric.name} {effect.baseline_score:.4g} -> {effect.score:.4g}{unit}"
    text += f", effect {effect.value:+.4g}{format_interval(effect)} over {format_count(effect.seeds, 'seed')}"
    action = f" What it did: {did}." if did else ""
    if verdict.suspect:
        return f"Suspect, so it counts for nothing: {'; '.join(verdict.suspect)}. Claimed: {text}.{action}"
    predicted = "" if hypothesis.predicted_effect is None else f", predicted {hypothesis.predicted_effect:+.3g}"
    text += f"{predicted}: {verdict.kind.value} ({verdict.reason}).{action}"
    return f"{text} It failed on some seeds: {failure}." if failure else text


def format_interval(effect: Effect) -> str:
    """Return the effect's interval as " [low, high]"; "" if it is unbounded."""
    return "" if effect.low is None or effect.high is None else f" [{effect.low:.4g}, {effect.high:.4g}]"
