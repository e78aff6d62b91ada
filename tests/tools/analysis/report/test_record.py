from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pelagos.nouns import Claim, Experiment, OutcomeKind, Verdict, VerdictKind
from sandbox.backends.unsafe import Unsafe
from tests.tools.analysis.planning.examples import OBJECTIVE, make_finding, make_row, make_view
from tests.tools.analysis.report.records import make_claim, make_explored, make_hypothesis, make_run, make_test
from tests.tools.analysis.small_study import ScriptedModel
from tests.tools.world import World
from tools.analysis.planning.records import Chosen, Proposed
from tools.analysis.report.record import read_record
from tools.analysis.trials.experiment import BASELINE


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[World]:
    """A world whose ledger holds what an analysis leaves."""
    (tmp_path / "project").mkdir()
    world = World(tmp_path / "project", Unsafe(), ScriptedModel())
    ledger, store = world.ledger, world.artifacts
    table = store.put_json([make_row().model_dump(mode="json")])
    ledger.record(Chosen(objective=OBJECTIVE.id, by="ideator"), "0")
    ledger.record(make_explored(table=table), OBJECTIVE.id)
    ledger.record(make_run(tables={0: table}), "r1")
    for id, p in (("h1", 0.04), ("h2", 0.001)):
        ledger.record(Proposed(hypothesis=make_hypothesis(id, id), finding=make_finding()), id)
        results = store.put_json([make_test("P1", 0.5, p).model_dump(mode="json")])
        add_experiment(world, f"e-{id}", {"results": results}, hypothesis=id)
        ledger.record(Verdict(id=f"{id}-v", hypothesis=id, kind=VerdictKind.PROMISING), f"{id}-v")
    add_experiment(world, "look", {"summary": store.put_json(make_view().summary())}, version=BASELINE)
    yield world
    ledger.close()


def add_experiment(world: World, id: str, files: dict[str, str], version: str = "v", hypothesis: str = "") -> None:
    made = Experiment(
        id=id, version=version, hypothesis=hypothesis or None, seed=0, split="validation", outcome=OutcomeKind.OK,
        files=files,
    )  # fmt: skip
    world.ledger.record(made, id)


def test_hypotheses_stand_in_the_order_of_their_evidence(recorded: World) -> None:
    record = read_record(recorded)
    assert [each.hypothesis.id for each in record.tested] == ["h2", "h1"]
    recorded.ledger.record(make_claim("h1"), "c")
    assert [(each.hypothesis.id, each.state) for each in read_record(recorded).tested] == [
        ("h1", "supported"),
        ("h2", "promising"),
    ]


def test_tables_looks_and_runs_are_read(recorded: World) -> None:
    record = read_record(recorded)
    (explored,) = record.explored
    assert record.tables[explored.table][0].entity == "P1"
    assert record.find_run(explored) == record.runs[0]
    assert record.looks["validation"].groups["south"] == {"treated": 10, "plain": 2}
    assert record.looks["discovery"].samples == 40
    assert record.chosen == {OBJECTIVE.id: "ideator"}


def test_a_damaged_artifact_takes_nothing_else_with_it(recorded: World) -> None:
    path = recorded.artifacts.path(read_record(recorded).explored[0].table)
    path.write_text("[{}]")
    record = read_record(recorded)
    assert list(record.tables.values()) == [[]]
    assert len(record.tested) == 2


def test_a_claim_that_does_not_hold_supports_nothing(recorded: World) -> None:
    recorded.ledger.record(Claim(**{**make_claim("h2").model_dump(), "held": False}), "c")
    assert {each.state for each in read_record(recorded).tested} == {"promising"}
