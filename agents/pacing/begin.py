"""Decides whether a lane begins one more hypothesis: by the number requested, the time left, and the results so far.

A lane doesn't begin a hypothesis that it can't finish in the time left, and confirm keeps its share of the time.
"""

from __future__ import annotations

from agents.models.usefulness import check_code, check_replies
from agents.run import Run
from agents.state import Lane
from pelagos.facts.drive import Estimate
from pelagos.nouns import VerdictKind


def try_begin(id: str, state: Lane, run: Run, proposed: bool = False) -> str:
    """Begin the hypothesis `id`: record its pace fact and start its time. Returns "", or why the lane doesn't begin it.

    A hypothesis that an earlier drive began continues, unless it has no idea yet and another lane took its place. One
    that a person `proposed` is begun however many were tested; it counts as one of them.
    Raises ModelUnavailable if the models' replies were unusable.
    """
    was_begun, has_idea = run.ledger.fact(Estimate, id) is not None, run.facts.get("hypothesis", id) is not None
    has_place = run.quota.take(state["lane"], id)
    if was_begun and (has_place or has_idea or proposed):
        reason = ""
    else:
        reason = _find_time_to_end(run) if proposed else _find_reason_to_end(id, state, run)
    if reason:
        run.quota.leave(state["lane"])
        check_replies(run)
        return reason
    run.pace.begin(id)
    if not was_begun:
        _record_pace(id, id, run)
    return ""


def _find_reason_to_end(id: str, state: Lane, run: Run) -> str:
    """Return why the lane doesn't begin the hypothesis, "" if it does."""
    loop, limit = run.settings.loop, run.quota.limit
    if not run.quota.take(state["lane"], id):
        return f"{limit} {'hypothesis' if limit == 1 else 'hypotheses'} tested"
    if state["fruitless"] >= loop.attempts:
        return f"{state['fruitless']} proposals in a row came to nothing new"
    check_code(run)
    if loop.plateau and _has_plateau(loop.plateau, run):
        return f"plateau: {loop.plateau} hypotheses in a row without support"
    return _find_time_to_end(run)


def _find_time_to_end(run: Run) -> str:
    """Keep confirm's share of the time. Returns a line if what is left is too short, "" if not."""
    run.hold_reserve()
    return _find_time_shortage(run)


def _has_plateau(length: int, run: Run) -> bool:
    """Whether none of the `length` newest hypotheses that were judged is supported."""
    newest = run.tally.verdicts.newest(length)
    return len(newest) == length and all(verdict.kind is not VerdictKind.SUPPORTED for verdict in newest)


def _find_time_shortage(run: Run) -> str:
    """Return a line if the time left is shorter than a hypothesis takes, "" if not or if that isn't known."""
    left_s, needed_s = run.steps.budget.seconds_left(), _estimate_s(run)
    if left_s is None or needed_s is None or needed_s <= left_s:
        return ""
    reason = f"no time for one more: a hypothesis takes about {needed_s:.0f} s here, {max(0.0, left_s):.0f} s are left"
    cap = run.settings.caps.seconds or 0.0
    tested = bool(run.tally.verdicts)
    return reason if tested else f"{reason}: give at least --hours {(cap - left_s + needed_s) / 3600 + 0.01:.2f}"


def record_first_pace(id: str, run: Run) -> None:
    """Record how long a hypothesis takes here if that is known only now, after the call for the first idea."""
    fact = run.ledger.fact(Estimate, id)
    if fact is not None and fact.hypothesis_s is None and _estimate_s(run) is not None:
        _record_pace(id, f"{id}/measured", run)


def _estimate_s(run: Run) -> float | None:
    """Estimate the seconds of one hypothesis; None if nothing was measured."""
    return run.pace.hypothesis_s(*run.model("ideator").rates)


def _record_pace(id: str, key: str, run: Run) -> None:
    read, written = run.model("ideator").rates
    expected_s, left_s = run.pace.hypothesis_s(read, written), run.steps.budget.seconds_left()
    figures = {"hypothesis_s": expected_s, "read_tps": read, "write_tps": written, "left_s": left_s}
    rounded = {name: None if value is None else round(value, 1) for name, value in figures.items()}
    run.ledger.record(Estimate(hypothesis=id, **rounded), key)
