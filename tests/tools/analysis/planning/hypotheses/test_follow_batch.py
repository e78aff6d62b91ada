"""What follows the batch, among findings without the batch in their model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, make_row, make_view
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call, Subset
from tools.analysis.planning.exploration import make_search
from tools.analysis.planning.hypotheses.follow_batch import find_batch_followers, has_batch
from tools.analysis.planning.records import CallsRun

TESTED = {"group": "arm", "case": "treated", "control": "plain"}
PLAIN: Call = {"tool": "t_test", "arguments": TESTED}
ADJUSTED: Call = {"tool": "model", "arguments": {**TESTED, "covariates": ["age", "site"]}}
BATCHES = {"north": {"treated": 9, "plain": 9}, "south": {"treated": 9, "plain": 3}, "west": {"treated": 9, "plain": 2}}


def make_study(world: World, within: Mapping[str, Sequence[Row]]) -> ScriptedStudy:
    """A study whose runs within a batch leave the rows of `within`."""
    study = make_scripted_study(world, view=make_view(groups=BATCHES))
    object.__setattr__(study, "answer", lambda calls: ("", list(within[study.runs[-1][2].level])))
    return study


def follow(study: ScriptedStudy, *rows: Row, calls: Sequence[Call] = (PLAIN,)) -> dict[str, str]:
    run = CallsRun(calls=list(calls), outcome="ok")
    return find_batch_followers(run, rows, make_search(OBJECTIVE, study), study)


def test_what_is_half_as_strong_within_batches_follows_none(world: World) -> None:
    within = {"north": [make_row("P1", r=0.36, n=30)], "south": [make_row("P1", r=0.21, n=30)]}
    assert follow(make_study(world, within), make_row("P1", r=0.5)) == {}


def test_what_is_weaker_within_batches_is_dropped_with_both_numbers(world: World) -> None:
    """The mean is weighted by samples: (30 x 0.1 + 10 x 0.5) / 40 = 0.2."""
    within = {"north": [make_row("P1", r=0.1, n=30)], "south": [make_row("P1", r=0.5, n=10)]}
    found = follow(make_study(world, within), make_row("P1", r=0.5))
    assert found == {"P1": "it follows site: r is 0.50 over all samples and 0.20 within site"}


def test_the_direction_within_batches_counts(world: World) -> None:
    within = {"north": [make_row("P1", r=0.4), make_row("P2", r=-0.4)], "south": []}
    assert list(follow(make_study(world, within), make_row("P1", r=0.5), make_row("P2", r=0.5))) == ["P2"]


def test_what_is_measured_in_no_batch_is_not_believed(world: World) -> None:
    within = {"north": [make_row("P2")], "south": [make_row("P1", n=0)]}
    found = follow(make_study(world, within), make_row("P1"), make_row("P2"))
    assert found == {"P1": "it isn't adjusted for site, and isn't measured within one"}


def test_only_batches_with_three_samples_of_each_group_are_asked(world: World) -> None:
    study = make_study(world, {"north": [make_row("P1")], "south": [make_row("P1")]})
    assert follow(study, make_row("P1")) == {}
    assert [subset for _, _, subset in study.runs] == [Subset(column="site", level=name) for name in ("north", "south")]


def test_without_such_a_batch_nothing_is_believed(world: World) -> None:
    study = make_study(world, {})
    object.__setattr__(study, "view", make_view(groups={"north": {"treated": 9}, "south": {"plain": 9}}))
    assert follow(study, make_row("P1")) == {
        "P1": "it isn't adjusted for site, and no site has enough samples of both groups"
    }


@pytest.mark.parametrize(("calls", "within"), [((ADJUSTED,), True), ((PLAIN,), False), ((ADJUSTED, PLAIN), False)])
def test_the_batch_of_the_last_call_counts(calls: Sequence[Call], within: bool) -> None:
    assert has_batch(calls, "site") is within
    assert has_batch([{"tool": "t", "arguments": {"batch": "site"}}], "site")
    assert not has_batch([{"tool": "t", "arguments": {"group": "website"}}], "site")


def test_four_batches_are_asked_at_most(world: World) -> None:
    names = ["a", "b", "c", "d", "e"]
    study = make_study(world, {name: [make_row("P1")] for name in names})
    object.__setattr__(study, "view", make_view(groups={name: {"treated": 9, "plain": 9} for name in names}))
    follow(study, make_row("P1"))
    assert [subset.level for _, _, subset in study.runs] == names[:4]


def test_with_the_batch_in_the_model_nobody_asks(world: World) -> None:
    study = make_study(world, {})
    assert follow(study, make_row("P1"), calls=[ADJUSTED]) == {} and study.runs == []
    assert DESIGN.batch == "site"


def test_a_test_that_cant_do_without_the_batch_is_run_in_none(world: World) -> None:
    study = make_study(world, {})
    call = {"tool": "correct", "arguments": {"batch": "site"}}
    found = follow(study, make_row("P1"), calls=[call, PLAIN])
    assert list(found) == ["P1"] and study.runs == []
