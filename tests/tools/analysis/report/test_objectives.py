from __future__ import annotations

from tests.tools.analysis.planning.examples import OBJECTIVE, list_tools, make_finding
from tests.tools.analysis.report.records import make_explored, make_record, make_run
from tools.analysis.planning.records import Revision
from tools.analysis.report.objectives import list_objectives
from tools.analysis.report.workflow import draw_workflow
from tools.section import Flow, Picture, Table


def test_an_objective_shows_workflow_figure_choice_table_and_what_was_dropped() -> None:
    part = list_objectives(make_record(), list_tools())[0]
    assert part.title == OBJECTIVE.question
    pictures = [block for block in part.blocks if isinstance(block, Picture)]
    assert [each.artifact for each in pictures] == ["f" * 64]
    order, revisions, rows, dropped = (block for block in part.blocks if isinstance(block, Table))
    assert [row[1] for row in order.rows] == ["t_test", "model"]
    assert revisions.rows == [["–", "age is left out", "a covariate less (by rule; not: as planned)", "model"]]
    assert rows.rows[1][:2] == ["P2", "−0.6"]
    assert dropped.rows == [["P9", "follows the site"]]


def test_the_figure_is_that_of_the_real_labels() -> None:
    permuted = make_run(permuted="arm", figures={0: "0" * 64}, tables={0: "t2"})
    part = list_objectives(make_record(runs=[permuted, make_run()]), list_tools())[0]
    assert [block.artifact for block in part.blocks if isinstance(block, Picture)] == ["f" * 64]


def test_an_objective_without_an_answer_says_why() -> None:
    failed = make_explored(table="", findings=[], failure="no path of tools leads there")
    parts = list_objectives(make_record(explored=[failed]), list_tools())
    assert [part.title for part in parts] == ["Questions without an answer"]
    (table,) = parts[0].blocks
    assert isinstance(table, Table) and table.rows[0][2] == "no path of tools leads there"


def test_a_flow_goes_from_the_samples_over_each_call_to_the_findings() -> None:
    calls = [{"tool": "log", "arguments": {}}, *make_finding().calls]
    follow = Revision(objective=OBJECTIVE.id, after=[calls[0], {"tool": "t_test", "arguments": {}}], by="planner")
    flow = draw_workflow(make_explored(calls=calls), make_record(revisions=[follow]), list_tools())
    assert isinstance(flow, Flow)
    assert [box.label for box in flow.boxes] == ["discovery samples", "log", "model", "t_test", "findings: 1"]
    assert [list(box.after) for box in flow.boxes] == [[], [0], [1], [1], [2, 3]]
    assert "covariates = age, site" in flow.boxes[2].details
    assert "40 samples, 30 features, 25 % missing" in flow.boxes[0].details


def test_a_tool_that_is_gone_is_still_named() -> None:
    assert "model" in [box.label for box in draw_workflow(make_explored(), make_record(), {}).boxes]
    assert list_objectives(make_record(), {})
