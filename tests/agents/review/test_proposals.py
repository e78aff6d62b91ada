"""Hypotheses that people propose: checked where they are written, taken by one lane, tested beyond the number asked
for."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import drive
from agents.review.proposals import (
    list_open_proposals,
    record_proposal,
    record_targets,
    take_proposal,
)
from agents.review.steering import record_wish
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import BadInput
from pelagos.nouns import Hypothesis
from tests.agents.review.test_review import launch
from tests.agents.test_loop import read_facts

WORDS = ("The cube of c", "cube: square applied to c.", "c", "Ann")


def test_the_next_free_lane_takes_it_before_it_asks_for_an_idea(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, lanes=1, hypotheses=3, review="off")

    def watch(event: Event) -> None:
        if event.kind == "hypothesis" and event.key == "h1":
            with closing(Ledger.open(run / "ledger.db")) as ledger:
                record_proposal(ledger, *WORDS)

    assert drive(run, watch, assembly=assembly).status == "finished"
    titles = [fact["title"] for fact in read_facts(run, "hypothesis")]
    assert titles[1] == "The cube of c"
    assert len(titles) == 3
    assert sum(request.role == "ideator" for request in assembly.scripted.requests) == 2
    assert [fact["hypothesis"] for fact in read_facts(run, "taken")] == ["h2"]
    assert "h2" in {fact["hypothesis"] for fact in read_facts(run, "verdict")}


def test_a_run_that_is_over_goes_on_with_it_however_many_were_tested(tmp_path: Path) -> None:
    run, assembly = launch(tmp_path, lanes=2, hypotheses=1, review="off")
    assert drive(run, assembly=assembly).status == "finished"
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        record_proposal(ledger, *WORDS)
    asked = len(assembly.scripted.requests)
    assert drive(run, assembly=assembly).status == "finished"
    proposed = [fact for fact in read_facts(run, "hypothesis") if fact["title"] == "The cube of c"]
    assert len(proposed) == 1
    assert proposed[0]["id"] in {fact["hypothesis"] for fact in read_facts(run, "lesson")}
    assert not any(request.role == "ideator" for request in assembly.scripted.requests[asked:])
    assert len(read_facts(run, "run.ended")) == 2
    drive(run, assembly=assembly)
    assert len(read_facts(run, "run.ended")) == 2


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        (
            ("x", "too short", ""),
            ["--title: 1 characters", "--statement: 9 characters", "--target is missing: one of c"],
        ),
        (("x" * 301, "y" * 3001, "z"), ["--title: 301", "--statement: 3001", "--target z: not a place"]),
        (("   a \n\t", "long enough, this", "c"), ["--title: 1 characters"]),
    ],
)
def test_every_fault_of_a_proposal_is_a_line(tmp_path: Path, words: tuple[str, ...], faults: list[str]) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        with pytest.raises(BadInput, match="has not said yet what may be changed"):
            record_proposal(ledger, *words)
        record_targets(ledger, {"c": "the column c", "d": "the column d"})
        with pytest.raises(BadInput) as caught:
            record_proposal(ledger, *words)
        assert len(caught.value.faults) == len(faults)
        assert all(said.startswith(fault) for said, fault in zip(caught.value.faults, faults, strict=True))
        assert not ledger.events("proposal")


def test_the_only_target_need_not_be_named_and_the_same_words_are_refused(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        record_targets(ledger, {"c": "the column c"})
        key = record_proposal(ledger, *WORDS[:2])
        assert list_open_proposals(ledger)[key].target == "c"
        with pytest.raises(BadInput, match="was proposed for c already"):
            record_proposal(ledger, *WORDS)


@pytest.mark.parametrize("word", ["propose", "steer"])
def test_a_run_whose_hypotheses_come_from_its_data_asks_nobody(tmp_path: Path, word: str) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        record_targets(ledger, {"c": "the column c"}, from_data=True)
        with pytest.raises(BadInput, match=f"{word}: the hypotheses of this run come from its task's data"):
            record_proposal(ledger, *WORDS) if word == "propose" else record_wish(ledger, "smaller")
        assert len(ledger.events()) == 1


def test_it_is_its_lanes_until_a_hypothesis_is_made_of_it(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        record_targets(ledger, {"c": "the column c"})
        record_proposal(ledger, *WORDS)
        record_proposal(ledger, "Another", *WORDS[1:])
        first, second = take_proposal(ledger, "h3", 2, 3), take_proposal(ledger, "h1", 0, 3)
        assert first is not None
        assert second is not None
        assert (first.title, second.title) == ("The cube of c", "Another")
        assert take_proposal(ledger, "h2", 1, 3) is None
        assert take_proposal(ledger, "h6", 2, 3) == first  # the lane was given another number since
        other = Hypothesis(id="h6", title="t", statement="s", rationale="r", refuted_by="n", target="c")
        ledger.record(other, "h6")  # a drive with more lanes has given the number to another
        assert take_proposal(ledger, "h12", 2, 3) == first
        ledger.record(other.model_copy(update={"id": "h12", "title": first.title, "statement": first.statement}), "h12")
        assert take_proposal(ledger, "h15", 2, 3) is None
        assert take_proposal(ledger, "h4", 0, 1) == second  # a drive with fewer lanes
