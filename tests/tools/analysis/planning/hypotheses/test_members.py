"""Which members carry a set, by the table of single features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.analysis.planning.examples import OBJECTIVE, make_row, make_view
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.planning.hypotheses.members import find_carriers
from tools.analysis.planning.records import Explored, Objective

SETS: Objective = OBJECTIVE.model_copy(update={"id": "set ~ arm", "relation": "set ~ group"})
NAMES = [f"GEN{number}" for number in range(30)]


@pytest.fixture
def study(world: World, tmp_path: Path) -> ScriptedStudy:
    view = make_view(features={f"P{number}": name for number, name in enumerate(NAMES)})
    made = make_scripted_study(world, view=view)
    lines = ["\t".join(["BIG", "", *NAMES[:12], *(f"OTHER{number}" for number in range(48))])]
    lines.append("\t".join(["WHOLE", "", *NAMES[:12]]))
    path = tmp_path / "sets.gmt"
    path.write_text("\n".join(lines) + "\n")
    made.task.gene_sets = path  # type: ignore[misc]
    return made


def fill_features(study: ScriptedStudy, differing: int, r: float = 0.5) -> None:
    rows = [
        make_row(
            f"P{number}", r=r if number < differing else 0.1, p=0.001 * (number + 1) if number < differing else 0.6
        )
        for number in range(30)
    ]
    table = study.context.artifacts.put_json([row.model_dump(mode="json") for row in rows])
    study.context.steps.ledger.record(Explored(objective=OBJECTIVE, table=table), OBJECTIVE.id)


def carriers(study: ScriptedStudy, entity: str, members: list[str], direction: Any = "up") -> str:
    caveat = find_carriers(make_row(entity, members=members), direction, SETS, study)
    return caveat.text if caveat else ""


def test_a_set_that_few_members_carry_names_them(study: ScriptedStudy) -> None:
    fill_features(study, differing=2)
    assert carriers(study, "WHOLE", NAMES[:12]) == (
        "12 of its 12 members were measured; GEN0 and GEN1 carry it (p <= 0.05 on their own)"
    )
    assert carriers(study, "WHOLE", [f"P{number}" for number in range(12)]).startswith("12 of its 12 members")


def test_a_set_whose_members_differ_as_a_whole_says_nothing(study: ScriptedStudy) -> None:
    fill_features(study, differing=4)
    assert carriers(study, "WHOLE", NAMES[:12]) == ""


def test_a_set_that_was_measured_in_part_says_so(study: ScriptedStudy) -> None:
    fill_features(study, differing=12)
    assert carriers(study, "BIG", NAMES[:12]) == (
        "12 of its 60 members were measured; GEN0, GEN1, GEN2, GEN3, GEN4 and 7 more carry it (p <= 0.05 on their own)"
    )
    assert carriers(study, "UNKNOWN", NAMES[:9]).startswith("it has 9 measured members; GEN0, GEN1")


def test_members_that_differ_in_the_other_direction_carry_nothing(study: ScriptedStudy) -> None:
    fill_features(study, differing=6)
    assert carriers(study, "WHOLE", NAMES[:12], "down").endswith("none differs on its own (p <= 0.05)")


def test_before_single_features_were_tested_the_members_are_named(study: ScriptedStudy) -> None:
    assert carriers(study, "WHOLE", NAMES[:12]) == ""
    assert carriers(study, "WHOLE", NAMES[:3]) == "3 of its 12 members were measured; among them GEN0, GEN1 and GEN2"


def test_its_numbers_can_be_traced(study: ScriptedStudy) -> None:
    fill_features(study, differing=8)
    caveat = find_carriers(make_row("BIG", members=NAMES[:12]), "up", SETS, study)
    assert caveat is not None and {12, 60, 3, 0.05} <= set(caveat.numbers)


def test_single_features_have_no_members(study: ScriptedStudy) -> None:
    assert find_carriers(make_row("P1", members=["P1"]), "up", OBJECTIVE, study) is None
