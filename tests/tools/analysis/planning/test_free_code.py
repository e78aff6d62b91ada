"""Free code: asked for of a strong model alone, after all else failed; a call like any other, marked in what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.tools.analysis.planning.examples import GROUP, OBJECTIVE, make_row, make_tool
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.execution.checks import next_calls
from tools.analysis.findings import Call
from tools.analysis.free_code.specs import CAVEAT, has_free_code, is_free, make_free_specs
from tools.analysis.packs.spec import Relation
from tools.analysis.planning import exploration
from tools.analysis.planning.records import Ranking, Revision

CODE = "result = pd.DataFrame()"


@pytest.fixture
def study(world: World, monkeypatch: pytest.MonkeyPatch) -> ScriptedStudy:
    monkeypatch.setattr("tools.analysis.planning.hypotheses.describe.find_confounding", lambda *args: [])
    monkeypatch.setattr("tools.analysis.planning.hypotheses.describe.find_circularity", lambda *args: [])
    made = make_scripted_study(world)
    object.__setattr__(made, "specs", {**made.specs, **make_free_specs()})
    world.role_model.strong = True
    return made


def reply(world: World, *replies: dict[str, Any]) -> None:
    left = list(replies)

    def script(schema: type[Any], prompt: str) -> dict[str, Any] | None:
        return left.pop(0) if left and "code" in schema.model_fields else None

    world.role_model.script = script


def fail_typed(study: ScriptedStudy, rows: Sequence[Row] = (make_row("P1"),)) -> None:
    def answer(calls: Sequence[Call]) -> tuple[str, list[Row]]:
        return ("", list(rows)) if has_free_code(calls) else ("out of order", [])

    object.__setattr__(study, "answer", answer)


def test_it_is_the_last_resort_and_its_findings_say_so(study: ScriptedStudy, world: World) -> None:
    fail_typed(study)
    reply(world, {"kind": "test", "code": CODE})
    explored = exploration.explore(OBJECTIVE, study, "opening")
    assert explored.calls == [{"tool": "run_python", "arguments": {"code": CODE}}]
    [finding] = explored.findings
    assert CAVEAT in finding.caveats
    assert finding.implications[0].call == explored.calls[0]  # the same code on samples kept apart
    ranked = world.ledger.facts(Ranking)[OBJECTIVE.id].workflows
    assert not any(has_free_code(calls) for calls in ranked)
    revisions = list(world.ledger.facts(Revision).values())
    assert [each.by for each in revisions][-1] == "free code"
    assert all(not has_free_code(each.before) for each in revisions)


def test_nobody_is_asked_where_a_typed_workflow_works(study: ScriptedStudy, world: World) -> None:
    reply(world, {"kind": "test", "code": CODE})
    explored = exploration.explore(OBJECTIVE, study, "opening")
    assert explored.findings and not has_free_code(explored.calls)
    assert not any("Write Python" in prompt for prompt in world.role_model.prompts)
    assert not any(has_free_code(calls) for calls, _, _ in study.runs)


def test_nobody_is_asked_since_a_test_showed_nothing(study: ScriptedStudy, world: World) -> None:
    classify = make_tool("classify", *GROUP, relation=Relation.GROUP_FEATURES)
    object.__setattr__(study, "specs", {**study.specs, "classify": classify})
    object.__setattr__(study, "answer", lambda calls: ("", [make_row("all", r=-0.2)]))  # worse than chance
    reply(world, {"kind": "test", "code": CODE})
    objective = OBJECTIVE.model_copy(update={"id": "arm ~ features", "relation": "group ~ features"})
    explored = exploration.explore(objective, study, "opening")
    assert explored.findings == [] and not has_free_code(explored.calls)
    assert world.role_model.prompts == []


def test_a_small_model_is_not_asked(study: ScriptedStudy, world: World) -> None:
    world.role_model.strong = False
    fail_typed(study)
    reply(world, {"kind": "test", "code": CODE})
    assert exploration.explore(OBJECTIVE, study, "opening").failure == "out of order"
    assert world.role_model.prompts == []


def test_code_that_is_none_or_fails_is_asked_for_once_more(study: ScriptedStudy, world: World) -> None:
    fail_typed(study)
    reply(world, {"kind": "test", "code": "result = ((((("}, {"kind": "test", "code": CODE})
    assert exploration.explore(OBJECTIVE, study, "opening").findings
    prompts = [prompt for prompt in world.role_model.prompts if "Write Python" in prompt]
    assert len(prompts) == 2
    assert "An earlier try failed:" in prompts[1] and "never closed" in prompts[1]


def test_a_transformation_goes_on_to_a_typed_test(study: ScriptedStudy, world: World) -> None:
    fail_typed(study)
    reply(
        world,
        {"kind": "transform", "code": CODE, "state": "embedded"},
        {"kind": "transform", "code": CODE, "state": "normalised"},
    )
    explored = exploration.explore(OBJECTIVE, study, "opening")
    assert [call["tool"] for call in explored.calls] == ["run_python_normalised", "model"]
    assert CAVEAT in explored.findings[0].caveats


def test_no_search_takes_it_by_itself(study: ScriptedStudy) -> None:
    search = exploration.make_search(OBJECTIVE, study)
    assert not any(has_free_code(workflow.calls) for workflow in search.workflows())
    free = [name for name in next_calls(study.specs, ["log2"]) if is_free({"tool": name})]
    assert all(study.specs[name].relation is None for name in free)
