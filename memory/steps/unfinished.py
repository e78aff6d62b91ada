"""Settles calls that were in progress when the process was killed: they may have been billed although nobody got the
answer.

When a run begins, each intent without an end is charged with the amount reserved for it, which is rather too much than
too little. An experiment costs no money and is run again.
"""

from __future__ import annotations

from collections.abc import Callable

from memory.ledger.keys import parse_payload
from memory.ledger.ledger import Event, Reader
from memory.steps.steps import Steps
from pelagos.facts.fact import INTENT, Cost
from pelagos.facts.reader import read_row
from pelagos.facts.work import Failed, Lost

INTENTS_WITHOUT_RESULT = """
SELECT seq, at, kind, key, payload FROM events AS intent
WHERE kind LIKE '%.intent' AND kind != 'failed.intent' AND instr(payload, '"reserved":') AND NOT EXISTS (
  SELECT 1 FROM events WHERE kind = substr(intent.kind, 1, length(intent.kind) - length('.intent'))
  AND key = intent.key AND kind NOT LIKE '%.intent')
"""


def settle(steps: Steps, say: Callable[[str], None]) -> None:
    """Charge the calls that were in progress when the run was last killed. Call it before any step begins; a second
    call finds nothing, so `say` is called first."""
    calls = open_intents(steps.ledger)
    if calls:
        tokens = sum(cost.tokens for _, cost in calls)
        say(f"{len(calls)} model calls were in flight when the run was killed: {tokens} tokens are counted as spent")
    for event, cost in calls:
        kind = event.kind.removesuffix(INTENT)
        steps.spend(Lost(why="killed", of=kind, intent=event.seq), f"{kind}/{event.key}", cost)


def open_intents(ledger: Reader) -> list[tuple[Event, Cost]]:
    """Return the intents of paid calls that have neither a result nor a failure and were not settled, each with what
    was reserved for it."""
    with ledger.reading() as connection:
        rows = connection.execute(INTENTS_WITHOUT_RESULT)
        intents = [Event(seq, at, kind, key, parse_payload(payload)) for seq, at, kind, key, payload in rows]
    settled = {lost.intent for lost in ledger.facts(Lost).values()}
    open_calls: dict[tuple[str, str], tuple[Event, Cost]] = {}
    for event in sorted([*intents, *ledger.events(Failed.KIND + INTENT)], key=lambda event: event.seq):
        said = read_row(event)
        if isinstance(said, Failed):
            open_calls.pop((said.of, event.key), None)
        elif said.reserved is not None:
            open_calls[event.kind.removesuffix(INTENT), event.key] = event, said.reserved
    return [(event, cost) for event, cost in open_calls.values() if event.seq not in settled]
