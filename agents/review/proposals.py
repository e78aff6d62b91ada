"""Hypotheses that people propose. The next free lane takes one before it asks for an idea, each once.

There are three facts: `targets` (what a hypothesis of this run may name), `proposal`, and `taken` (the lane, and the id
that it gives to the proposal). A proposal is done with when a hypothesis of that id is recorded. Until then it is its
lane's, so a lane that is killed in between takes it again, and no other does.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger, Reader
from pelagos.errors import BadInput
from pelagos.facts.review import Offered, Proposed, Taken
from pelagos.nouns import Hypothesis
from pelagos.visible import make_visible

MAX_TITLE, MAX_STATEMENT, MAX_BY = 300, 3_000, 100
_TAKING = threading.Lock()


def record_targets(ledger: Ledger, targets: Mapping[str, str], from_data: bool = False) -> None:
    """Record what a hypothesis may name. `from_data`: hypotheses come from the task's data."""
    ledger.record(Offered(targets=dict(targets), from_data=from_data), Offered.KIND)


def record_proposal(ledger: Ledger, title: str, statement: str, target: str = "", by: str = "") -> str:
    """Record a proposal and return its key. A target may be left out where there is one only. Raises BadInput
    with a line per fault, also for a proposal in the same words."""
    title, statement = (" ".join(make_visible(text).split()) for text in (title, statement))
    offered = ledger.fact(Offered, Offered.KIND)
    if offered is None:
        raise BadInput("propose: the run has not said yet what may be changed: propose after its baseline was measured")
    offered.check_asks("propose")
    target = target or (next(iter(offered.targets)) if len(offered.targets) == 1 else "")
    faults = [
        *_check_length("title", title, 3, MAX_TITLE),
        *_check_length("statement", statement, 10, MAX_STATEMENT),
        *_check_target(target, offered.targets),
    ]
    if faults:
        raise BadInput(*faults)
    key = step_key(title=title, statement=statement, target=target)
    if ledger.fact(Proposed, key) is not None:
        raise BadInput(f"propose: '{title}' was proposed for {target} already, in the same words")
    ledger.record(Proposed(title=title, statement=statement, target=target, by=by), key)
    return key


def _check_length(name: str, text: str, least: int, most: int) -> list[str]:
    if least <= len(text) <= most:
        return []
    return [f"--{name}: {len(text)} characters: give {least} to {most}"]


def _check_target(target: str, targets: Mapping[str, str]) -> list[str]:
    if target in targets:
        return []
    fault = f"--target {target}: not a place that this run may change" if target else "--target is missing"
    return [f"{fault}: one of {', '.join(targets)}"]


def list_open_proposals(ledger: Reader) -> dict[str, Proposed]:
    """Return key -> proposal of those that no hypothesis was made of, in their order."""
    proposals = ledger.facts(Proposed)
    made = {
        taken.request
        for taken in ledger.facts(Taken).values()
        if taken.request in proposals and _is_made(proposals[taken.request], ledger.fact(Hypothesis, taken.hypothesis))
    }
    return {key: fact for key, fact in proposals.items() if key not in made}


def _is_made(proposal: Proposed, hypothesis: Hypothesis | None) -> bool:
    """Whether the hypothesis is the proposal. A lane that was killed in between may have left its number to another
    lane, which made something else of it."""
    if hypothesis is None:
        return False
    return (hypothesis.title, hypothesis.statement) == (proposal.title, proposal.statement)


def take_proposal(ledger: Ledger, id: str, lane: int, lanes: int) -> Proposed | None:
    """Take the oldest proposal that is free or the lane's own, as the hypothesis `id`; None if there is none."""
    with _TAKING:
        owners = {taken.request: taken.lane for taken in ledger.facts(Taken).values()}
        for key, proposal in list_open_proposals(ledger).items():
            if owners.get(key, lane) % lanes == lane:
                ledger.record(Taken(request=key, hypothesis=id, lane=lane), f"{key}/{id}")
                return proposal
    return None
