from types import SimpleNamespace
from typing import Any

from tests.tools.analysis.planning.examples import DESIGN, make_finding, make_row, make_view
from tests.tools.analysis.small_study import ScriptedModel
from tests.tools.world import World
from tools.analysis.planning.hypotheses.rationale import write_rationale

ROW = make_row("P1", r=0.62)


def make_study(world: World, *replies: str) -> Any:
    given = iter(replies)
    world.role_model = ScriptedModel(lambda schema, prompt: {"rationale": next(given)}, strong=bool(replies))
    task = SimpleNamespace(design=DESIGN, gene_sets=None)
    return SimpleNamespace(context=world, view=make_view(), task=task)


def finding_of(world: World) -> Any:
    return make_finding(ROW, artifacts=[world.artifacts.put_json([ROW.model_dump(mode="json")])])


def test_a_small_model_is_not_asked(world: World) -> None:
    text, refused = write_rationale(finding_of(world), make_study(world), "opening")
    assert text == "Found on the discovery samples by model." and refused == []
    assert world.role_model.prompts == []


def test_words_whose_numbers_hold_are_kept(world: World) -> None:
    study = make_study(world, "With r = 0.62 on 50 samples GEN1 may go with the arm.")
    text, refused = write_rationale(finding_of(world), study, "opening")
    assert text.startswith("With r = 0.62") and refused == []


def test_a_number_without_an_artifact_is_refused_and_kept_on_record(world: World) -> None:
    study = make_study(world, "It is 3.7 times as high in 812 people.", "It is 9.9 times as high, they say.")
    text, refused = write_rationale(finding_of(world), study, "opening")
    assert text == "Found on the discovery samples by model."
    assert ["3.7, 812" in each.reason for each in refused] == [True, False]


def test_a_reply_of_no_use_is_on_record_under_its_entity(world: World) -> None:
    study = make_study(world, "x")  # too short for the schema
    world.role_model.script = lambda schema, prompt: None
    text, refused = write_rationale(finding_of(world), study, "opening")
    assert text == "Found on the discovery samples by model."
    assert [(each.entity, each.reason) for each in refused] == [("P1", "no rationale in the reply: not scripted")]
    assert len(world.role_model.prompts) == 1
