"""What became of a hypothesis in the bank, by its run's lesson: a dead end, a success, or not yet known.

A dead end is one that failed, changed nothing, was no better as far as it was measured, is suspect, or could not be
made to run for a reason of its own. Where the machinery or a stop prevented the test, nothing is known about the idea.
An open (undecided) or promising hypothesis (better on validation data, not tested on sealed data) may still turn out
either way and may be tested again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pelagos.nouns import Effect, nest_effect

MACHINERY_FAILURES = frozenset({"killed", "sandbox", "model", "engine", "never run", "unfaithful"})
"""Failure classes that say nothing about the idea: killed from outside, no sandbox, no model, never started, or the
program does something else than the hypothesis says."""


class LessonStatus(StrEnum):
    DEAD_END = "dead end"
    WORKED = "worked"
    PROMISING = "promising"
    OPEN = "open"
    PENDING = "pending"
    UNTESTED = "untested"


RETESTABLE = frozenset({LessonStatus.OPEN, LessonStatus.PROMISING})
"""Hypotheses that another run left in these states may be proposed again. An undecided verdict without a gain is a dead
end, see `lesson_status`."""


def lesson_status(meta: dict[str, Any]) -> LessonStatus:
    """Return the status by an entry's `meta`. Before a lesson is added it is pending."""
    verdict, failure = meta.get("verdict"), str(meta.get("failure", ""))
    if "lesson" not in meta:
        return LessonStatus.PENDING
    if meta.get("suspect"):
        return LessonStatus.DEAD_END
    if verdict in ("supported", "promising"):
        return LessonStatus.WORKED if verdict == "supported" else LessonStatus.PROMISING
    if verdict in ("refuted", "equivalent"):
        return LessonStatus.DEAD_END
    if meta.get("cut_short") or failure.partition(":")[0] in MACHINERY_FAILURES:
        return LessonStatus.UNTESTED
    effect = effect_of(meta)
    return LessonStatus.DEAD_END if failure or (effect and effect.value <= 0) else LessonStatus.OPEN


def effect_of(meta: dict[str, Any]) -> Effect | None:
    """Return the measured effect; None where nothing was measured. Earlier versions stored its numbers flat."""
    payload = nest_effect(meta)["effect"]
    return None if payload is None else Effect.model_validate(payload)


def surprise(effect: Effect | None, predicted: float | None) -> float:
    """Return |predicted - measured effect| in half widths of the measured interval; 0 where nothing was measured."""
    if effect is None or predicted is None or effect.low is None or effect.high is None or effect.high <= effect.low:
        return 0.0
    return float(abs(predicted - effect.value) / ((effect.high - effect.low) / 2))


def describe_result(meta: dict[str, Any]) -> str:
    """Return a text such as `refuted: -1.2 points`, `never ran: oom`, `undecided: +0.1 points` or `suspect: +9
    points`; "" where nothing is known."""
    if "lesson" not in meta:
        return ""
    effect, unit = effect_of(meta), str(meta.get("unit", ""))
    if effect is None:
        return f"never ran: {meta.get('failure') or 'no reason given'}"
    amount = f"{effect.value:+.3g}{f' {unit}' if unit else ''}"
    failure = f"; failed: {meta['failure']}" if meta.get("failure") else ""
    return f"{'suspect' if meta.get('suspect') else meta.get('verdict') or 'no verdict'}: {amount}{failure}"
