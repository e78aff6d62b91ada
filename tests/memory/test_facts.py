"""Facts read once: the newest of an id holds, what others append is seen, nothing is read twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.facts import Facts
from memory.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def test_the_newest_of_an_id_holds_at_the_place_of_the_first(ledger: Ledger) -> None:
    facts = Facts(ledger, {"verdict": dict})
    for key, id in (("k1", "a"), ("k2", "b"), ("k3", "a")):
        ledger.append("verdict", key, {"id": id, "key": key})
    assert list(facts.of("verdict")) == ["a", "b"]
    assert facts.get("verdict", "a") == {"id": "a", "key": "k3"}
    assert facts.get("verdict", "c") is None


def test_what_another_process_appends_is_seen(ledger: Ledger) -> None:
    facts = Facts(ledger, {"decision": dict})
    assert facts.of("decision") == {}
    other = Ledger.open(ledger.path)
    other.append("decision", "h1", {"decision": "accept"})
    other.close()
    assert facts.of("decision") == {"h1": {"decision": "accept"}}


def test_each_row_is_loaded_once(ledger: Ledger) -> None:
    loaded: list[Any] = []
    facts = Facts(ledger, {"plan": lambda payload: loaded.append(payload) or payload})
    for number in range(20):
        ledger.append("plan", str(number), {"n": number})
        ledger.append("note", str(number), {"text": "not asked for"})
        assert len(facts.of("plan")) == number + 1
    assert len(loaded) == 20


def test_threads_that_append_and_look_lose_nothing(ledger: Ledger) -> None:
    facts = Facts(ledger, {"plan": dict})

    def work(name: str) -> None:
        for number in range(25):
            ledger.append("plan", f"{name}{number}", {})
            assert f"{name}{number}" in facts.of("plan")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(facts.of("plan")) == 100


@given(rows=st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("abc")), max_size=12), cut=st.integers(0, 12))
def test_it_doesnt_matter_when_one_looks(tmp_path_factory: Any, rows: list[tuple[str, str]], cut: int) -> None:
    ledger = Ledger.open(tmp_path_factory.mktemp("l") / "ledger.db")
    early = Facts(ledger, {"x": dict, "y": dict})
    for number, (kind, id) in enumerate(rows):
        ledger.append(kind, str(number), {"id": id, "n": number})
        if number < cut:
            early.of(kind)
    late = Facts(ledger, {"x": dict, "y": dict})
    assert all(early.of(kind) == late.of(kind) for kind in "xy")
    ledger.close()
