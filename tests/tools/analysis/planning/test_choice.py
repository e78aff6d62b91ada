from typing import Any

from tests.tools.analysis.planning.examples import OBJECTIVE
from tests.tools.world import World
from tools.analysis.planning.choice import choose_objective

OTHER = OBJECTIVE.model_copy(update={"id": "feature ~ other"})


def test_the_model_chooses_from_an_enumeration(world: World) -> None:
    offered: list[Any] = []

    def answer(schema: type[Any], prompt: str) -> dict[str, str]:
        offered.extend(schema.model_json_schema()["properties"]["objective"]["enum"])
        return {"objective": OTHER.id}

    world.role_model.script = answer
    assert choose_objective([OBJECTIVE, OTHER], {}, "opening", world) == OTHER
    assert offered == [OBJECTIVE.id, OTHER.id]


def test_without_a_usable_reply_the_first_is_taken_and_said(world: World) -> None:
    assert choose_objective([OBJECTIVE, OTHER], {}, "opening", world) == OBJECTIVE
    assert "the first in order" in world.said[0]


def test_the_last_one_needs_no_model(world: World) -> None:
    assert choose_objective([OTHER], {}, "opening", world) == OTHER
    assert world.role_model.prompts == []


def test_a_choice_is_made_once(world: World) -> None:
    world.role_model.script = lambda schema, prompt: {"objective": OTHER.id}
    choose_objective([OBJECTIVE, OTHER], {}, "opening", world)
    world.role_model.script = lambda schema, prompt: {"objective": OBJECTIVE.id}
    assert choose_objective([OBJECTIVE, OTHER], {}, "opening", world) == OTHER
