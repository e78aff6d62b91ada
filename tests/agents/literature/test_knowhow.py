"""A hypothesis' know-how: the user's own first, then its papers', then what is near; recorded once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.literature.knowhow import MAX_NOTE_CHARS, choose_knowhow
from agents.nodes.build import build
from agents.run import Run
from pelagos.nouns import Build, Hypothesis, Plan, Step
from tests.agents.nodes.laboratory import make_lane, open_run
from tests.agents.scripted import Scripted

TOLD = {"knowhow": True}


def hypothesis(**more: Any) -> Hypothesis:
    fields = {"id": "h1", "title": "Label smoothing", "statement": "Use label smoothing of 0.1 in the loss."}
    return Hypothesis(**{**fields, "rationale": "", "refuted_by": "", "target": "a.py::f", **more})


def surveyed(run: Run, **paper: Any) -> None:
    ranked = {"paper": {"id": "p0", "title": "A paper", "abstract": "a", **paper}, "topic": 9, "attributes": 9}
    run.ledger.append("survey", "survey", {"papers": [ranked], "kept": ["p0"]})


def test_a_finding_of_the_library_has_its_snippet(tmp_path: Path) -> None:
    texts = choose_knowhow(hypothesis(papers=["lib-szegedy2016-smoothing"]), open_run(tmp_path, loop=TOLD))
    assert [text.partition("\n")[0] for text in texts] == ["Label smoothing"]
    assert "label_smoothing=0.1" in texts[0]


def test_a_paper_of_the_corpus_may_bring_its_own(tmp_path: Path) -> None:
    run = open_run(tmp_path, loop=TOLD)
    surveyed(run, snippet="```python\nours()\n```")
    assert choose_knowhow(hypothesis(papers=["p0"]), run) == ["A paper\n```python\nours()\n```"]


def test_the_users_own_notes_come_first_and_stay_what_they_were(tmp_path: Path) -> None:
    run = open_run(tmp_path, loop=TOLD)
    own = tmp_path / "notes"
    own.mkdir()
    (own / "a.md").write_text(f"# Label smoothing\n\nUse label smoothing of 0.1 in the loss.\n{'x' * 9000}")
    (own / "b.md").write_text("# Boats\n\nRow with the tide.\n")
    run.settings.knowhow = [Path("notes")]
    run.project = tmp_path
    notes_chosen = choose_knowhow(hypothesis(papers=["lib-szegedy2016-smoothing"]), run)
    assert len(notes_chosen[0]) == MAX_NOTE_CHARS and "label_smoothing=0.1" in notes_chosen[1]
    (own / "a.md").unlink()
    assert choose_knowhow(hypothesis(papers=["lib-szegedy2016-smoothing"]), run) == notes_chosen


def test_nothing_near_is_nothing_told(tmp_path: Path) -> None:
    assert (
        choose_knowhow(hypothesis(title="Row boats", statement="Row with the tide."), open_run(tmp_path, loop=TOLD))
        == []
    )


def test_whoever_builds_is_handed_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path, loop=TOLD)
    run.record(hypothesis(papers=["lib-szegedy2016-smoothing"]))
    run.record(Plan(id="p1", hypothesis="h1", steps=[Step(text="do it")]))
    handed: list[Plan] = []

    def made(task: object, hypothesis: Hypothesis, plan: Plan, context: Run) -> Build:
        handed.append(plan)
        return Build(id="b1", hypothesis="h1", plan="p1", version=None, cause="error")

    monkeypatch.setattr(run.toolchain, "build", made, raising=False)
    build(make_lane("h1", plans=["p1"]), run)
    (plan,) = handed
    assert plan.knowhow is not None and "label_smoothing=0.1" in plan.knowhow[0]


@pytest.mark.parametrize(("strong", "setting", "own", "expected"), [
    (True, None, False, 1), (True, False, True, None), (False, True, False, 1), (False, None, True, 1),
    (False, None, False, None),
])  # fmt: skip
def test_who_is_told_what(strong: bool, setting: bool | None, own: bool, expected: int | None, tmp_path: Path) -> None:
    """A small model is told the user's own notes alone where nothing is set."""
    run = open_run(tmp_path, loop={"knowhow": setting})
    model = Scripted()
    model.strong = strong
    run.role_models = lambda _: model  # type: ignore[assignment, return-value]
    if own:
        (tmp_path / "a.md").write_text("# Label smoothing\n\nUse label smoothing of 0.1 in the loss.\n")
        run.settings.knowhow = [tmp_path]
    texts = choose_knowhow(hypothesis(papers=["lib-szegedy2016-smoothing"]), run)
    assert (texts and len(texts)) == expected
    assert not own or texts is None or texts[0].endswith("in the loss.")
