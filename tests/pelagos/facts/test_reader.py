"""Every kind of fact has one record: it holds what its writer gave it, and reads what other versions wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from app.replay.source import copy_run, unpack_recording
from memory.ledger.keys import canonical
from memory.ledger.ledger import Event
from pelagos.facts import calls, checks, drive, external, ideas, review, work
from pelagos.facts.fact import Cost, Fact, dump_payload, find_kind
from pelagos.facts.reader import FACTS, KINDS, NOUNS, read, read_cost, read_row, read_seconds, read_strictly
from pelagos.nouns import Claim, Effect, Verdict, VerdictKind

SCREENED = {"hypothesis": "h1", "kept": True, "reason": "independent"}
OLD = {"id": "v", "hypothesis": "h1", "kind": "supported", "effect": 0.02, "seeds": 3, "e_value": 40.0, "reason": "r"}


def row(kind: str, payload: dict[str, Any], key: str = "k") -> Event:
    return Event(1, 1000.0, kind, key, payload)


def test_every_record_that_names_a_kind_is_read_by_it_and_no_two_have_the_same() -> None:
    modules = (calls, checks, drive, external, ideas, review, work)
    records = {record for module in modules for record in vars(module).values() if isinstance(record, type)}
    named = {
        record for record in records if issubclass(record, BaseModel) and record is not Fact and hasattr(record, "KIND")
    }
    assert named - {work.Failed, drive.Span} == set(FACTS)  # of these two there are intents only
    assert len({find_kind(record) for record in (*NOUNS, *FACTS)}) == len(NOUNS) + len(FACTS)


@pytest.mark.parametrize(
    "kind", [record for record in FACTS if record is not drive.Packages] + [work.Intent, work.Attempt]
)
def test_a_row_that_lacks_everything_and_one_of_a_newer_version_are_read(kind: type[Fact]) -> None:
    assert read(kind, {}) == read(kind, {"colour": "red"}) == kind()


@given(
    hypothesis=st.none() | st.text(),
    kept=st.booleans(),
    again=st.lists(st.text()),
    cosine=st.none() | st.floats(-1, 1),
    hits=st.lists(st.builds(ideas.Hit, paper=st.text(), cosine=st.floats(-1, 1), word=st.just("same"))),
)
def test_what_is_written_is_what_its_writer_gave_and_is_read_as_that(hypothesis: str | None, hits: Any, **given: Any) -> None:  # fmt: skip
    record = ideas.Screened(hypothesis=hypothesis or "", literature=ideas.Novelty(hits=hits), **given)
    payload = dump_payload(record)
    assert set(payload) == {"hypothesis", "literature", *given}
    canonical(payload)
    assert read(ideas.Screened, payload) == record


def test_a_field_may_have_another_name_in_the_ledger() -> None:
    assert dump_payload(ideas.Adopted(origin="r/h1")) == {"from": "r/h1"}
    assert read(ideas.Adopted, {"from": "r/h1", "experiments": []}).origin == "r/h1"


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("experiment.intent", work.Intent),
        ("anything.intent", work.Intent),
        ("failed.intent", work.Failed),
        ("clock.intent", drive.Span),
        ("pause.intent", drive.Span),
        ("smoke.attempt", work.Attempt),
        ("screened", ideas.Screened),
        ("a toolchain's own", type(None)),
    ],
)
def test_the_kind_of_a_row_names_its_record(kind: str, record: type) -> None:
    assert type(read_row(row(kind, {}))) is record


def test_a_noun_is_read_with_fields_of_another_version_and_refused_where_it_is_to_be_whole() -> None:
    known = {"id": "v", "hypothesis": "h1", "kind": "refuted"}
    newer = row("verdict", {**known, "colour": "red", "cost": [1, 0.0, 0, 0.0]})
    assert read_row(newer) == Verdict.model_validate(known)
    with pytest.raises(ValidationError, match="colour"):
        read_strictly(newer)
    assert read_strictly(row("verdict", {**known, "cost": [1], "cycle": 3})) == Verdict.model_validate(known)


def test_facts_of_earlier_versions_are_lifted_wherever_they_are_read() -> None:
    for verdict in (read(Verdict, OLD), read_row(row("verdict", OLD)), read_strictly(row("verdict", OLD))):
        assert (verdict.kind, verdict.gain, verdict.effect.seeds) == (VerdictKind.PROMISING, 0.02, 3)
    confirmed = {"hypothesis": "h1", "confirmed": True, "effect": 0.01, "low": 0.001, "e_value": 30.0}
    claim = read_row(row("confirmed", confirmed, "c1"))
    assert isinstance(claim, Claim)
    assert (claim.id, claim.held, claim.level, claim.effect) == ("c1", True, 0.0, Effect(value=0.01, low=0.001))
    assert read(drive.Started, {"task": {"name": "digits"}}).task == "digits"
    paper = {"paper": {"id": "p", "title": "T", "abstract": ""}, "topic": 1.0, "attributes": 1.0}
    assert [ranked.paper.id for ranked in read(ideas.Survey, {"ranked": [paper]}).papers] == ["p"]


@pytest.mark.parametrize("cost", [{"tokens": 3, "usd": None}, [3, None], (3, None, 0, 0.0), {"tokens": 3, "usd": None, "x": 1}])  # fmt: skip
def test_costs_of_all_versions_are_read(cost: Any) -> None:
    assert read_cost({"cost": cost}) == Cost(3, None)
    assert read_cost({}) is None


def test_a_row_of_any_kind_may_say_how_long_it_took() -> None:
    assert read_seconds({"seconds": 2.0, "wall_s": 3}) == 3.0
    assert read_seconds({"seconds": None}) == read_seconds({}) == read_seconds({"seconds": "long"}) == 0.0


def test_the_shipped_recording_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    for event in copy_run(unpack_recording(tmp_path), tmp_path / "copy").events:
        assert read_row(event) is not None
        if event.kind in KINDS:
            read_strictly(event)
