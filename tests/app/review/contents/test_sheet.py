from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.record.folders import LEDGER
from app.review.contents.sheet import collect_brief, collect_sheet, list_series, read_call, read_calls
from app.review.growing.growing_record import GrowingRecord
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.calls import Call
from pelagos.nouns import Experiment, OutcomeKind


def read(folder: Path) -> GrowingRecord:
    growing = GrowingRecord(folder)
    growing.refresh()
    return growing


def test_a_hypothesis_knows_its_neighbours(run_folder: Path) -> None:
    growing = read(run_folder)
    first, last = collect_sheet(growing, "h1"), collect_sheet(growing, "h2")
    assert (first["previous"], first["next"]) == ("", "h2")
    assert (last["previous"], last["next"]) == ("h1", "")


def test_an_unknown_hypothesis_is_named(run_folder: Path) -> None:
    with pytest.raises(BadInput, match="'h99': not in the run demo"):
        collect_brief(read(run_folder), "h99")


def test_the_axis_holds_the_validation_and_the_sealed_interval(run_folder: Path) -> None:
    axis = collect_brief(read(run_folder), "h1")["axis"]
    assert axis.low < 0.0
    assert axis.high > 0.07


def test_seeds_stand_beside_those_that_they_were_compared_with(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        for id, version, hypothesis in (("s1", "v1", "h1"), ("s2", "v0", None), ("s3", "matched", None)):
            sealed = Experiment(
                id=id, version=version, hypothesis=hypothesis, seed=7, split="sealed", outcome=OutcomeKind.OK, score=0.9
            )
            ledger.record(sealed, id)
    growing = read(run_folder)
    claim = growing.record.claims["h1"].model_copy(update={"against": "matched"})
    growing.record.verdicts.replace("h1", growing.record.verdicts["h1"].model_copy(update={"evidence": ["exp0"]}))
    series = {each.label: [seed for seed, _ in each.scores] for each in list_series(growing, "h1", claim)}
    assert series == {
        "baseline, validation": [1, 2, 3], "h1, validation": [1], "baseline, sealed": [7], "h1, sealed": [7],
    }  # fmt: skip


def test_model_calls_are_those_for_the_hypothesis(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        for place, hypothesis in enumerate(("h1", "h2", "h1", None)):
            ledger.record(Call(role="coder", hypothesis=hypothesis, text=f"reply {place}"), f"c{place}")
    growing = read(run_folder)
    calls = read_calls(growing, "h1")
    assert [each.call.text for each in calls] == ["reply 0", "reply 2"]
    assert read_call(growing, calls[1].seq).call.text == "reply 2"
    assert read_calls(growing, "h9") == []
    for seq in (1, calls[1].seq + 50):
        with pytest.raises(BadInput, match="no model call"):
            read_call(growing, seq)
