"""Says which versions are tested on sealed data at the end of a run, and in which order. The rule is fixed, so that
nothing is chosen after a look."""

from __future__ import annotations

from agents.judging.rules import AT_ONCE_P
from agents.run import Run
from agents.sealed.trial import record_suspicion, try_claim
from pelagos.nouns import Experiment, Verdict


def try_remaining_claims(run: Run) -> None:
    """Test first all versions that should have been tested at once, then the others in the order of their validation
    p-values. The first of those whose claim doesn't hold ends it: each failure costs error level for good.

    Raises CapReached.
    """
    for verdict in sorted(_list_promising(run), key=_p_value):
        holds = try_claim(verdict.hypothesis, run)
        if holds is False and _p_value(verdict) > AT_ONCE_P:
            return


def audit_promising(run: Run) -> None:
    """Audit the promising versions on validation data, which costs no level. Raises CapReached."""
    for verdict in _list_promising(run):
        version = run.noun(Experiment, verdict.evidence[0]).version
        if not record_suspicion(verdict, version, run):
            run.say(f"{verdict.hypothesis}: its audit found nothing; sealed data stay sealed (judge.confirm)")


def _list_promising(run: Run) -> list[Verdict]:
    return [run.noun(Verdict, run.tally.verdicts[id].id) for id in run.promising()]


def _p_value(verdict: Verdict) -> float:
    assert verdict.effect is not None  # a promising verdict has one
    assert verdict.effect.p_value is not None
    return verdict.effect.p_value
