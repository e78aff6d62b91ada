"""Records notes: lines for a person who watches the run."""

from __future__ import annotations

from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger
from pelagos.facts.drive import Note


def note(ledger: Ledger, text: str) -> None:
    """Record one line. A line that the ledger has already isn't recorded again."""
    ledger.record(Note(text=text), step_key(text=text))
