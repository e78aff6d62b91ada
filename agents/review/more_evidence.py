"""More validation seeds for a hypothesis, where a person wants them: up to the judge's last look, and no further.

Validation data only select, so seeds that are bought because of a p-value have no price (docs/judging.md). A request is
about the verdict that was shown, is taken by one lane, and is done with when the judge has said what came of it.
"""

from __future__ import annotations

import threading
from collections.abc import Container

from memory.ledger.ledger import Ledger, Reader
from pelagos.errors import BadInput, Stale
from pelagos.facts.review import MoreGiven, MoreWanted, Taken
from pelagos.nouns import Claim, Hypothesis, Verdict, VerdictKind

_TAKING = threading.Lock()


def record_more(ledger: Ledger, hypothesis: str, max_seeds: int, saw: str = "", by: str = "") -> int:
    """Record the request and return the number of seeds up to which it goes. `saw` is the beginning of the id of the
    verdict that the person saw.

    Raises BadInput where more seeds can't be bought honestly, Stale where the verdict is another one now.
    """
    verdict = _find_verdict(ledger, hypothesis)
    if not verdict.id.startswith(saw):
        raise Stale(f"{hypothesis}: has another verdict now than you saw, {verdict.kind}: look again, then decide")
    if fault := _find_fault(ledger, verdict, max_seeds):
        raise BadInput(f"{hypothesis}: {fault}")
    key = f"{hypothesis}/{verdict.id}"
    if ledger.fact(MoreGiven, key):
        raise BadInput(f"{hypothesis}: more seeds were asked for already and did not help: {verdict.reason}")
    if ledger.fact(MoreWanted, key):
        raise BadInput(f"{hypothesis}: more seeds are asked for already")
    ledger.record(MoreWanted(hypothesis=hypothesis, seen=verdict.id, by=by), key)
    return max_seeds


def _find_verdict(ledger: Reader, hypothesis: str) -> Verdict:
    if ledger.fact(Hypothesis, hypothesis) is None:
        raise BadInput(f"hypothesis '{hypothesis}': not in this run")
    verdicts = [verdict for verdict in ledger.facts(Verdict).values() if verdict.hypothesis == hypothesis]
    if not verdicts:
        raise BadInput(f"{hypothesis}: is not judged yet: the judge buys seeds by its own rule until then")
    return verdicts[-1]


def _find_fault(ledger: Reader, verdict: Verdict, max_seeds: int) -> str:
    """Return why no more seeds are bought, "" if they can be."""
    if any(claim.hypothesis == verdict.hypothesis and claim.concluded for claim in ledger.facts(Claim).values()):
        return "was tested on sealed data: what that showed holds, validation data can't change it"
    if verdict.kind is not VerdictKind.UNDECIDED:
        return f"is {verdict.kind}: more validation seeds are for what is undecided"
    if verdict.effect is None:
        return f"has no effect that more seeds could make clearer: {verdict.reason}"
    if verdict.effect.seeds >= max_seeds:
        return (
            f"was run on {verdict.effect.seeds} seeds, and judge.max_seeds is {max_seeds}: more would be another rule"
        )
    return ""


def find_request(ledger: Reader, hypothesis: str) -> str:
    """Return the key of the open request for this hypothesis, "" if there is none."""
    return next((key for key, fact in _list_open(ledger).items() if fact.hypothesis == hypothesis), "")


def _list_open(ledger: Reader) -> dict[str, MoreWanted]:
    given = ledger.facts(MoreGiven)
    return {key: fact for key, fact in ledger.facts(MoreWanted).items() if key not in given}


def has_open_requests(ledger: Reader) -> bool:
    return bool(_list_open(ledger))


def take_request(ledger: Ledger, ended: Container[str], lane: int, lanes: int) -> str:
    """Take the oldest request that is free or the lane's own; return its hypothesis, "" if there is none. One that
    isn't among those that have `ended` is in progress and isn't taken: its own lane honours the request."""
    with _TAKING:
        owners = {taken.request: taken.lane for taken in ledger.facts(Taken).values()}
        for key, fact in _list_open(ledger).items():
            if fact.hypothesis in ended and owners.get(key, lane) % lanes == lane:
                ledger.record(Taken(request=key, hypothesis=fact.hypothesis, lane=lane), key)
                return fact.hypothesis
    return ""


def record_given(ledger: Ledger, request: str, hypothesis: str, reason: str) -> None:
    ledger.record(MoreGiven(hypothesis=hypothesis, reason=reason), request)
