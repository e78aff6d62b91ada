from __future__ import annotations

from contextlib import closing
from pathlib import Path

from memory.ledger.hypothesis_rows import read_rows_of
from memory.ledger.ledger import Ledger


def test_the_rows_of_one_hypothesis_are_found_in_order(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        ledger.append("hypothesis", "a", {"id": "h1", "title": "t"})
        ledger.append("hypothesis", "b", {"id": "h11", "title": "t"})
        ledger.intend("model", "c", {"hypothesis": "h1"})
        ledger.append("model", "c", {"hypothesis": "h1", "text": "é"})
        ledger.append("model", "d", {"hypothesis": "h11", "text": '"hypothesis":"h1"'})
        ledger.append("note", "e", {"text": "x", "inner": {"hypothesis": "h1"}})
        ledger.append("version", "f", {"id": "h1", "hypothesis": None})
        found = [(event.seq, event.kind) for event in read_rows_of(ledger, "h1")]
        assert found == [(1, "hypothesis"), (3, "model.intent"), (4, "model")]
        assert read_rows_of(ledger, "h1")[2].payload["text"] == "é"
        assert read_rows_of(ledger, "h%") == []
