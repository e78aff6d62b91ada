"""What is read of a reviewer's decisions for one hypothesis doesn't grow with the run."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.review.decisions import find_newest_decision, find_rejection, is_decided, list_reviews
from memory.ledger.ledger import Event, Ledger
from pelagos.facts.review import Decision, Reviewed
from pelagos.nouns import Hypothesis


def add_reviewed(ledger: Ledger, number: int) -> None:
    """A hypothesis that a reviewer rejected, and the run acted on it."""
    id, seen = f"h{number}", f"state-{number}"
    ledger.record(Hypothesis(id=id, title="t", statement="s", rationale="r", refuted_by="n", target="c"), id)
    ledger.record(Decision(hypothesis=id, seen=seen, decision="reject", note=id), f"{id}/1")
    ledger.record(Reviewed(hypothesis=id, decision="reject", note=id, by=f"{id}/1"), seen)


def test_only_what_was_decided_since_the_hypothesis_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, make = list[Event](), Ledger._made

    def count(ledger: Ledger, record: type[Any], event: Event) -> Any:
        made.append(event)
        return make(ledger, record, event)

    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        for number in range(1, 51):
            add_reviewed(ledger, number)
        monkeypatch.setattr(Ledger, "_made", count)
        assert [fact.note for fact in list_reviews(ledger, "h50")] == ["h50"]
        assert find_rejection(ledger, "h50") == "rejected by a reviewer: h50"
        assert find_newest_decision(ledger, "h50", "state-50") is not None
        assert not is_decided(ledger, "h50")
        assert len(made) < 10
        assert [fact.note for fact in list_reviews(ledger, "h1")] == ["h1"]
        assert find_newest_decision(ledger, "h1", "state-1") is not None
