"""More validation seeds where a person wants them: bought up to the last look, for what is undecided, and once."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.nodes.judge import judge
from agents.review.more_evidence import find_request, record_more, take_request
from agents.setup.create import create
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, Stale
from tests.agents.nodes.laboratory import carry_out, judge_all, make_lane, open_run
from tests.agents.scripted import Inventive, ScriptedAssembly
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import write_task

UNCLEAR, GOOD = "h5", "h4"  # undecided after 3 seeds, and equivalent


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished run of five hypotheses."""
    project = tmp_path_factory.mktemp("project")
    settings = make_settings(loop={"hypotheses": 5, "lanes": 1}, screen={"tau": 0.999}, survey={"papers": 1})
    assembly = ScriptedAssembly(Inventive())
    run = create(project, str(write_task(project / "table")), settings, project / "runs" / "r", assembly)
    assert drive(run, assembly=assembly).status == "finished"
    return project


@pytest.fixture
def run(over: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(over, tmp_path / "project")) / "runs" / "r"


def ask(run: Path, hypothesis: str, saw: str = "") -> int:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return record_more(ledger, hypothesis, 8, saw, "Ann")


def test_a_run_that_is_over_goes_on_for_the_seeds_and_begins_nothing_else(run: Path) -> None:
    assert drive(run, assembly=ScriptedAssembly(Inventive())).reason
    assert len(read_facts(run, "run.ended")) == 1
    assert ask(run, UNCLEAR) == 8
    assert drive(run, assembly=ScriptedAssembly(Inventive())).status == "finished"
    seeds = [fact["effect"]["seeds"] for fact in read_facts(run, "verdict") if fact["hypothesis"] == UNCLEAR]
    assert seeds[0] == 3
    assert max(seeds) > 3
    (given,) = read_facts(run, "evidence.given")
    assert given["hypothesis"] == UNCLEAR
    newest = [fact for fact in read_facts(run, "lesson") if fact["hypothesis"] == UNCLEAR][-1]
    assert newest["effect"]["seeds"] == seeds[-1]
    assert len(read_facts(run, "hypothesis")) == 5
    assert len(read_facts(run, "run.ended")) == 2
    drive(run, assembly=ScriptedAssembly(Inventive()))
    assert len(read_facts(run, "run.ended")) == 2  # it is over again


def test_what_can_not_be_bought_is_said(run: Path) -> None:
    for words, fault in [
        (("h9",), "hypothesis 'h9': not in this run"),
        ((GOOD,), "h4: is equivalent: more validation seeds are for what is undecided"),
    ]:
        with pytest.raises(BadInput, match=fault):
            ask(run, *words)
    with pytest.raises(Stale, match="h5: has another verdict now than you saw, undecided"):
        ask(run, UNCLEAR, "abcd")
    ask(run, UNCLEAR)
    with pytest.raises(BadInput, match="h5: more seeds are asked for already"):
        ask(run, UNCLEAR)


def null_run(folder: Path) -> Any:
    """A run in which `null` is undecided after its first seeds, for lack of an effect."""
    run = open_run(folder)
    carry_out(run, "null", {"better": -0.05, "noise": 1.0})
    assert judge_all(run, "null") == {}
    return run


def test_seeds_that_the_judge_would_not_buy_are_due_look_by_look(tmp_path: Path) -> None:
    run = null_run(tmp_path)
    record_more(run.ledger, "null", 8)
    due = judge(make_lane("null"), run)["due"]
    assert due == {"v-null": [3, 4]}
    assert find_request(run.ledger, "null")


def test_what_came_of_it_is_recorded_and_the_request_is_closed(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "null", {"better": 0.0, "noise": 0.3, "fails": [1]})  # a fault: more seeds can't help
    assert judge_all(run, "null") == {}
    record_more(run.ledger, "null", 8)
    assert judge(make_lane("null"), run)["due"] == {}
    assert find_request(run.ledger, "null") == ""
    (given,) = run.ledger.events("evidence.given")
    assert "failed on seed 1" in given.payload["reason"]
    with pytest.raises(BadInput, match="more seeds were asked for already and did not help"):
        record_more(run.ledger, "null", 8)


def test_a_lane_that_a_cap_has_ended_closes_nothing(tmp_path: Path) -> None:
    run = null_run(tmp_path)
    record_more(run.ledger, "null", 8)
    judge(make_lane("null", status="capped"), run)
    assert find_request(run.ledger, "null")


def test_one_lane_takes_it_and_takes_it_again_after_a_kill(tmp_path: Path) -> None:
    run = null_run(tmp_path)
    record_more(run.ledger, "null", 8)
    assert take_request(run.ledger, run.tally.lessons, 1, 3) == ""  # it is in progress: it has no lesson yet
    run.ledger.append("lesson", "l", {"id": "l", "hypothesis": "null", "title": "t", "target": "x", "verdict": None})
    assert take_request(run.ledger, run.tally.lessons, 1, 3) == "null"
    assert take_request(run.ledger, run.tally.lessons, 0, 3) == take_request(run.ledger, run.tally.lessons, 2, 3) == ""
    assert take_request(run.ledger, run.tally.lessons, 1, 3) == "null"
    assert take_request(run.ledger, run.tally.lessons, 0, 1) == "null"  # a drive with fewer lanes


@pytest.mark.parametrize(
    ("program", "max_seeds", "fault"),
    [
        ({"better": -0.05, "noise": 1.0}, 3, "was run on 3 seeds, and judge.max_seeds is 3"),
        ({"fails": [0, 1, 2]}, 8, "has no effect that more seeds could make clearer"),
    ],
)
def test_the_bound_holds(tmp_path: Path, program: dict[str, Any], max_seeds: int, fault: str) -> None:
    run = open_run(tmp_path)
    carry_out(run, "null", program)
    judge_all(run, "null")
    with pytest.raises(BadInput, match=fault):
        record_more(run.ledger, "null", max_seeds)


def test_what_was_tested_on_sealed_data_stays(tmp_path: Path) -> None:
    run = null_run(tmp_path)
    claim = {"id": "c", "hypothesis": "null", "version": "v-null", "level": 0.05, "left": 0.05, "held": False}
    run.ledger.append("claim", "c", {**claim, "reason": "no"})
    with pytest.raises(BadInput, match="null: was tested on sealed data"):
        record_more(run.ledger, "null", 8)
