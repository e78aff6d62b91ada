"""Ideas: what is asked, of whom, about which finding and place, and what is recorded of the reply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import pytest

from agents.current_hypothesis import current_hypothesis
from agents.nodes.ideate import ideate
from agents.run import Run
from pelagos.nouns import Experiment, Hypothesis, Paper, RankedPaper
from tests.agents.nodes.laboratory import Scripted, make_lane, open_run

TARGETS = {
    "a.py::loss": "cross entropy with smoothed labels. It has more lines.",
    "a.py::net": "hidden layers with dropout. Wide ones.",
    "a.py::batches": "shuffled batches of rows. Small ones.",
    "a.py::step": "learning rate of the optimizer. It decays.",
}
SMALL = {"title": "A change", "target": "a.py::loss", "statement": "Change it by a factor of 2."}
STRONG = SMALL | {
    "papers": ["p2"], "rationale": "The paper says so.", "predicted_effect": 0.25, "refuted_by": "no gain",
}  # fmt: skip
PAPERS = [
    Paper(id="p1", title="Dropout of hidden layers", abstract="Hidden units drop out.", finding="Dropout in hidden layers helps."),
    Paper(id="p2", title="Smoothed labels", abstract="Labels smoothed for cross entropy."),
]  # fmt: skip


def open_ideator_run(
    folder: Path, *replies: Any, strong: bool = True, kept: Sequence[str] = ("p1", "p2"), **settings: Any
) -> tuple[Run, Scripted]:
    run, model = open_run(folder, **settings), Scripted(replies, strong, first_sample=1)
    run.model = lambda role: {"ideator": model}[role]  # type: ignore[assignment, return-value, index]
    run.toolchain.targets = TARGETS  # type: ignore[attr-defined]
    ranked = [RankedPaper(paper=paper, topic=9, attributes=9).model_dump(mode="json") for paper in PAPERS]
    run.ledger.append("survey", "survey", {"papers": ranked, "kept": list(kept)})
    run.record(run.baseline())
    for seed in range(3):
        run.experiment(run.baseline(), seed, "validation")
    return run, model


def read_notes(run: Run) -> list[str]:
    return [event.payload["text"] for event in run.ledger.events("note")]


def read_question(model: Scripted, number: int = 1) -> str:
    return model.requests[number][0]


def list_offered(model: Scripted, number: int = 1) -> list[str]:
    """The places that a question offers, in order."""
    lines = read_question(model, number).partition("Places you may change, one per hypothesis:\n")[2].splitlines()
    return [line.removeprefix("- ").partition(": ")[0] for line in lines if line.startswith("- ")]


def test_a_strong_model_is_shown_everything_and_asked_for_everything(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, STRONG)
    assert ideate(make_lane(), run) == {"number": 1, "hypothesis": "h1"}
    assert run.noun(Hypothesis, "h1") == Hypothesis(id="h1", **STRONG)
    text, options = model.requests[1]
    assert (options["max_tokens"], options["temperature"]) == (700, 0.9)
    assert list_offered(model) == list(TARGETS)
    assert "It has more lines." in text
    assert "Findings from papers you may build on" in text and "on nothing else" not in text
    for paper, finding in zip(PAPERS, ("Dropout in hidden layers helps.", PAPERS[1].abstract), strict=True):
        assert all(word in text for word in (paper.id, paper.title, finding))
    assert PAPERS[0].abstract not in text


def test_the_baselines_mean_and_spread_are_told_as_the_first_idea_saw_them(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, STRONG, judge={"min_seeds": 2})
    scores = [
        experiment.score for experiment in run.nouns(Experiment) if experiment.seed < 2 and experiment.score is not None
    ]
    ideate(make_lane(), run)
    sentence = f"scores {fmean(scores):.4g} on average over 2 seeds (standard deviation {pstdev(scores):.2g})"
    assert sentence in read_question(model)


def test_a_small_model_is_asked_for_little_about_one_finding_and_the_places_most_like_it(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, SMALL, strong=False)
    assert ideate(make_lane(), run) == {"number": 1, "hypothesis": "h1"}
    text, options = model.requests[1]
    assert (options["max_tokens"], options["temperature"]) == (250, 0.9)
    hypothesis = run.noun(Hypothesis, "h1")
    likeness = run.likeness[hypothesis.papers[0]]
    assert list_offered(model) == sorted(TARGETS, key=lambda target: -likeness[target])[:3]
    assert "on nothing else" in text and "Findings from papers you may build on" not in text
    assert "It has more lines." not in text  # the first sentence alone
    assert (hypothesis.title, hypothesis.target, hypothesis.predicted_effect) == ("A change", "a.py::loss", None)
    assert hypothesis.refuted_by == "an interval of the effect on score that stays below 0.01"


def test_findings_take_turns_and_none_is_tried_twice_at_a_place(tmp_path: Path) -> None:
    """Of two findings that were built on alike the one that has its place in the program is first."""
    run, model = open_ideator_run(tmp_path, strong=False)
    used: list[tuple[str, str]] = []
    for number in range(1, 9):
        model.replies = [None]
        ideate(make_lane(number=number - 1), run)
        model.replies = [SMALL | {"target": list_offered(model, number)[0]}]
        ideate(make_lane(number=number - 1), run)
        hypothesis = run.noun(Hypothesis, f"h{number}")
        used.append((hypothesis.papers[0], hypothesis.target))
    assert len(set(used)) == 8
    assert [paper for paper, _ in used] == [used[0][0], used[1][0]] * 4
    assert {used[0][0], used[1][0]} == {"p1", "p2"}
    model.replies = [SMALL]
    ideate(make_lane(number=8), run)
    last = run.noun(Hypothesis, "h9")
    assert (last.papers, last.rationale) == ([], "It was proposed without a paper.")
    assert list_offered(model, 9) == list(TARGETS)
    assert "Hypotheses so far." in read_question(model, 9) and "Hypotheses so far." not in read_question(model, 8)


@pytest.mark.parametrize(("paper", "finding"), [("p1", "Dropout in hidden layers helps."), ("p2", PAPERS[1].abstract)])
def test_the_rationale_of_a_small_models_idea_is_its_finding(tmp_path: Path, paper: str, finding: str) -> None:
    run, _ = open_ideator_run(tmp_path, SMALL, strong=False)
    for number in (1, 2):
        ideate(make_lane(number=number - 1), run)
    rationales = {hypothesis.papers[0]: hypothesis.rationale for hypothesis in run.nouns(Hypothesis)}
    assert rationales[paper] == f"It applies a finding: {finding}"


@pytest.mark.parametrize(
    "reply", [None, STRONG | {"target": "other.py::f"}, STRONG | {"papers": ["p3"]}, STRONG | {"title": "ab"}, SMALL]
)
def test_a_reply_that_does_not_fit_costs_an_attempt(tmp_path: Path, reply: Any) -> None:
    run, _ = open_ideator_run(tmp_path, reply)
    assert ideate(make_lane(fruitless=2), run) == {"number": 1, "hypothesis": "", "fruitless": 3}
    assert read_notes(run)[-1].startswith("h1: no hypothesis in the reply: ")
    assert run.nouns(Hypothesis) == []


def test_without_papers_none_is_spoken_of(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, STRONG | {"papers": []}, kept=())
    assert ideate(make_lane(), run)["hypothesis"] == "h1"
    assert run.noun(Hypothesis, "h1").papers == []
    assert "Findings from papers" not in read_question(model)


def test_lanes_have_numbers_of_their_own_and_what_was_thought_of_is_not_asked_again(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, STRONG)
    state = make_lane(number=2, lanes=3)
    assert ideate(state, run) == {"number": 5, "hypothesis": "h5"}
    assert list(model.requests) == [5]
    model.requests.clear()
    assert ideate(state, run) == {"number": 5, "hypothesis": "h5"}
    assert model.requests == {}


def test_a_lane_that_has_no_place_ends_with_the_reason(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, STRONG, loop={"hypotheses": 1})
    run.quota.keep(1, "h7")
    assert ideate(make_lane(), run) == {"status": "finished", "reason": "1 hypothesis tested"}
    assert model.requests == {}


def test_its_calls_are_made_for_the_hypothesis(tmp_path: Path) -> None:
    run, model = open_ideator_run(tmp_path, STRONG)
    hypotheses: list[str] = []
    ask = model.ask_json
    model.ask_json = lambda *args, **options: (hypotheses.append(current_hypothesis()), ask(*args, **options))[1]  # type: ignore[method-assign]
    ideate(make_lane(), run)
    assert (hypotheses, current_hypothesis()) == (["h1"], "")


def test_an_idea_need_not_name_a_paper(tmp_path: Path) -> None:
    run, _ = open_ideator_run(tmp_path, {name: value for name, value in STRONG.items() if name != "papers"})
    ideate(make_lane(), run)
    assert run.noun(Hypothesis, "h1").papers == []
