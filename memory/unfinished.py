"""What a killed process had in flight: a call whose answer nobody waited for may have been billed all the same.

So at the next begin each intent without an end is settled by what was reserved for it, rather too much than too little.
An experiment costs nobody anything and is run again.
"""

from __future__ import annotations

from memory.budget import Cost
from memory.ledger import Event, Reader
from memory.rows import INTENT
from memory.steps import FAILED, Steps

KIND = "lost"


def settle(steps: Steps) -> tuple[int, Cost]:
    """Record what was in flight when the run was last killed as spent: how many calls, and their cost. To be called
    before anything is begun; a second call finds nothing."""
    total, found = Cost(), open_intents(steps.ledger)
    for event in found:
        kind, cost = event.kind.removesuffix(INTENT), Cost(**event.payload["reserved"])
        steps.spend(KIND, f"{kind}/{event.key}", {"why": "killed", "of": kind, "intent": event.seq}, cost)
        total += cost
    return len(found), total


def open_intents(ledger: Reader) -> list[Event]:
    """Intents of what somebody is paid for that have neither a result nor a failure, nor were settled."""
    found: dict[tuple[str, str], Event] = {}
    settled = set()
    for event in ledger.events():
        if event.kind == KIND:
            settled.add(event.payload.get("intent"))
        elif event.kind == FAILED + INTENT:
            found.pop((event.payload["of"], event.key), None)
        elif event.kind.endswith(INTENT):
            if "reserved" in event.payload:
                found[event.kind.removesuffix(INTENT), event.key] = event
        else:
            found.pop((event.kind, event.key), None)
    return [event for event in found.values() if event.seq not in settled]
