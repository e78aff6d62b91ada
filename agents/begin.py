"""Whether a lane begins one more hypothesis: what was asked for, what the time that is left allows, what is worth it.

A hypothesis that can't be finished in the time isn't begun, and confirm keeps its share of the time.
"""

from __future__ import annotations

from itertools import takewhile

from agents.answers import check_code, check_replies
from agents.run import Run
from agents.state import Lane
from pelagos.nouns import VerdictKind


def begin(id: str, state: Lane, run: Run) -> str:
    """Why the lane doesn't begin the hypothesis `id`, or "": then its pace fact is recorded, and its time counts.

    Raises ModelUnavailable where the models' replies were of no use.
    """
    known = run.ledger.find("pace", id) is not None
    ended = "" if known else _ended(state, run)
    if ended:
        run.quota.leave(state["lane"])
        check_replies(run)
        return ended
    run.quota.take(state["lane"])
    run.pace.begin(id)
    if not known:
        _record(id, id, run)
    return ""


def _ended(state: Lane, run: Run) -> str:
    loop = run.settings.loop
    if not run.quota.take(state["lane"]):
        return f"{run.quota.most} {'hypothesis' if run.quota.most == 1 else 'hypotheses'} tested"
    if state["fruitless"] >= loop.attempts:
        return f"{state['fruitless']} proposals in a row came to nothing new"
    check_code(run)
    barren = _barren(run)
    if loop.plateau and barren >= loop.plateau:
        return f"plateau: {barren} hypotheses in a row without support"
    run.hold_reserve(len(run.winners()))
    return _out_of_time(run)


def _barren(run: Run) -> int:
    """Hypotheses judged since one was supported."""
    newest = reversed(list(run.tally.verdicts.values()))
    return sum(1 for _ in takewhile(lambda verdict: verdict.kind is not VerdictKind.SUPPORTED, newest))


def _out_of_time(run: Run) -> str:
    left, needed = run.steps.budget.left_s(), _expected_s(run)
    if left is None or needed is None or needed <= left:
        return ""
    text = f"no time for one more: a hypothesis takes about {needed:.0f} s here, {max(0.0, left):.0f} s are left"
    cap = run.settings.caps.seconds or 0.0
    tested = bool(run.tally.verdicts)
    return text if tested else f"{text}: give at least --hours {(cap - left + needed) / 3600 + 0.01:.2f}"


def tell_pace(id: str, run: Run) -> None:
    """Record how long a hypothesis takes here, as soon as it is known: the first idea's call is the first measure."""
    known = run.ledger.find("pace", id)
    if known is not None and known["hypothesis_s"] is None and _expected_s(run) is not None:
        _record(id, f"{id}/measured", run)


def _expected_s(run: Run) -> float | None:
    return run.pace.hypothesis_s(*run.mind("ideator").rates)


def _record(id: str, key: str, run: Run) -> None:
    read, written = run.mind("ideator").rates
    expected, left = run.pace.hypothesis_s(read, written), run.steps.budget.left_s()
    told = {"hypothesis_s": expected, "read_tps": read, "write_tps": written, "left_s": left}
    rounded = {name: None if value is None else round(value, 1) for name, value in told.items()}
    run.ledger.append("pace", key, {"hypothesis": id, **rounded})
