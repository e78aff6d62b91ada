from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from memory.ledger.ledger import Ledger
from memory.search.search import Segment, search_runs, split_snippet
from pelagos.facts.calls import Call
from tests.memory.search.conftest import add_hypothesis, add_note


def _list_hits(run: Path, text: str, **more: object) -> list[tuple[str, str]]:
    return [(hit.kind, hit.hypothesis) for hit in search_runs([run], text, **more).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("label smoothing", ("hypothesis", "h1")),
        ("change h2", ("plan", "h2")),
        ("worse than baseline", ("verdict", "h1")),
        ("regularisation", ("lesson", "h1")),
        ('"think about a cosine"', ("prompt", "h2")),
        ("gradients", ("reply", "h1")),
        ("singular epoch", ("log", "h1")),
        ("outline of the program", ("prompt", "h1")),
        ("careful researcher", ("prompt", "")),
    ],
)
def test_each_kind_is_found(run: Path, text: str, hit: tuple[str, str]) -> None:
    assert hit in _list_hits(run, text)


def test_the_hypothesis_stands_before_what_repeats_it(run: Path) -> None:
    kinds = [kind for kind, _ in _list_hits(run, "smoothing")]
    assert kinds[0] == "hypothesis"
    assert {"lesson", "prompt", "reply"} <= set(kinds)


def test_a_hit_says_where_it_is(run: Path) -> None:
    hit = search_runs([run], "singular", kinds=["log"]).hits[0]
    assert (hit.run, hit.kind, hit.more) == (run, "log", 0)
    assert hit.title in {"Label smoothing of the loss", "A cosine schedule"}
    assert Segment("singular", True) in hit.snippet
    assert "Traceback" in "".join(segment.text for segment in hit.snippet)


def test_what_all_prompts_share_is_found_once(run: Path) -> None:
    assert _list_hits(run, "outline program") == [("prompt", "h1")]
    assert len(_list_hits(run, "careful researcher")) == 1


def test_texts_of_one_kind_about_one_hypothesis_are_one_hit(run: Path) -> None:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        for number in range(3):
            ledger.record(Call(role="coder", hypothesis="h1", text=f"Annealing {number}"), f"again {number}")
    assert [(hit.kind, hit.hypothesis, hit.more) for hit in search_runs([run], "anneal").hits] == [("reply", "h1", 2)]


def test_several_runs_are_searched_and_the_kinds_chosen(run: Path) -> None:
    other = run.with_name("two")
    add_hypothesis(other, "h1", "Mixup, and a cosine schedule")
    results = search_runs([run, other], "cosine", kinds=["hypothesis"])
    assert [(hit.run.name, hit.hypothesis) for hit in results.hits] == [("one", "h2"), ("two", "h1")]


def test_when_the_time_is_up_the_rest_is_said_and_read_later(run: Path) -> None:
    results = search_runs([run], "cosine", within_s=-1)
    assert results.hits == []
    assert results.unread > 0
    assert search_runs([run], "cosine").unread == 0


def test_no_word_finds_nothing(run: Path) -> None:
    assert search_runs([run], ' "" ** ').hits == []


def test_a_run_that_cannot_be_read_is_named_and_hides_no_other(run: Path, tmp_path: Path) -> None:
    results = search_runs([tmp_path, run], "cosine", kinds=["hypothesis"])
    assert [hit.hypothesis for hit in results.hits] == ["h2"]
    assert results.faults == [f"{tmp_path / 'ledger.db'}: no ledger here; give the folder of a run"]


def test_a_text_that_names_no_hypothesis_is_found(run: Path) -> None:
    add_note(run, "the endpoint was away")
    assert _list_hits(run, "endpoint") == [("note", "")]


def test_snippets_are_split_at_hits() -> None:
    assert split_snippet("a \x02b\x03\x02c\x03 <d>") == [
        Segment("a ", False), Segment("b", True), Segment("c", True), Segment(" <d>", False),
    ]  # fmt: skip
    assert split_snippet("") == []
