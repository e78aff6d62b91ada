"""The newest value of an id counts, rows of other processes are seen, each row is folded once, and few are cached."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.ledger.facts import Facts
from memory.ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def test_the_newest_of_an_id_holds_at_the_place_of_the_first(ledger: Ledger) -> None:
    facts = Facts(ledger, {"verdict": dict})
    for key, id in (("k1", "a"), ("k2", "b"), ("k3", "a")):
        ledger.append("verdict", key, {"id": id, "key": key})
    assert list(facts.all_of("verdict")) == ["a", "b"]
    assert facts.get("verdict", "a") == {"id": "a", "key": "k3"}
    assert facts.get("verdict", "c") is None


def test_what_another_process_appends_is_seen(ledger: Ledger) -> None:
    facts = Facts(ledger, {"decision": dict})
    assert facts.all_of("decision") == {}
    other = Ledger.open(ledger.path)
    other.append("decision", "h1", {"decision": "accept"})
    other.close()
    assert facts.all_of("decision") == {"h1": {"decision": "accept"}}


def test_each_row_is_folded_and_loaded_once(ledger: Ledger) -> None:
    loaded: list[Any] = []
    folded: list[Any] = []

    def load(payload: dict[str, Any]) -> dict[str, Any]:
        loaded.append(payload)
        return payload

    facts = Facts(ledger, {"plan": load}, folded.append)
    for number in range(20):
        ledger.append("plan", str(number), {"n": number})
        ledger.append("note", str(number), {"text": "not asked for"})
        assert facts.get("plan", str(number)) == {"n": number}
        assert facts.get("plan", "0") == {"n": 0}
        facts.fold_new()
    assert loaded == folded == [{"n": number} for number in range(20)]


def test_few_are_held_and_the_others_are_loaded_again(ledger: Ledger) -> None:
    facts = Facts(ledger, {"plan": dict}, held=5)
    for number in range(30):
        ledger.append("plan", str(number), {"id": f"p{number}", "n": number})
        facts.fold_new()
    assert len(facts._cache) == 5
    assert [facts.get("plan", f"p{number}") for number in (0, 29)] == [{"id": "p0", "n": 0}, {"id": "p29", "n": 29}]
    assert facts.get("plan", "0") is None, "the id holds, not the key"
    assert len(facts._cache) == 5


def test_many_rows_are_folded_page_by_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memory.ledger.facts.PAGE_ROWS", 3)
    for number in range(10):
        ledger.append("plan", str(number), {"n": number})
        ledger.append("note", str(number), {})
    folded: list[Any] = []
    Facts(ledger, {"plan": dict}, folded.append).fold_new()
    assert [one["n"] for one in folded] == list(range(10))


def test_threads_that_append_and_look_lose_nothing(ledger: Ledger) -> None:
    folded: list[Any] = []
    facts = Facts(ledger, {"plan": dict}, folded.append, held=7)

    def work(name: str) -> None:
        for number in range(25):
            ledger.append("plan", f"{name}{number}", {})
            assert facts.get("plan", f"{name}{number}") == {}

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(facts.all_of("plan")) == len(folded) == 100


@given(rows=st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("abc")), max_size=12), cut=st.integers(0, 12))
def test_it_doesnt_matter_when_one_looks(tmp_path_factory: Any, rows: list[tuple[str, str]], cut: int) -> None:
    ledger = Ledger.open(tmp_path_factory.mktemp("l") / "ledger.db")
    early = Facts(ledger, {"x": dict, "y": dict})
    for number, (kind, id) in enumerate(rows):
        ledger.append(kind, str(number), {"id": id, "n": number})
        if number < cut:
            early.fold_new()
    late = Facts(ledger, {"x": dict, "y": dict})
    assert all(early.get(kind, id) == late.all_of(kind).get(id) for kind in "xy" for id in "abc")
    ledger.close()
