"""Lines for whoever is watching."""

from __future__ import annotations

from memory.keys import step_key
from memory.ledger import Ledger


def note(ledger: Ledger, text: str) -> None:
    """One line, said once, however often a resumed run gets here."""
    ledger.append("note", step_key(text=text), {"text": text})
