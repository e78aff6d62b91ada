"""An idea is checked against what the project tried and against papers; nothing is run or written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.command import assert_bad_input, run_pelagos
from tests.app.commands.agents_door.conftest import ENVIRONMENT, IDEA, Judged
from tests.tools.code.conftest import make_task


def check(text: str, *options: str, folder: Path, **environment: str) -> dict[str, Any]:
    done = run_pelagos("idea", text, "--json", *options, folder=folder, **ENVIRONMENT | environment)
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.mark.slow
def test_a_dead_end_is_named_with_its_lesson(judged: Judged) -> None:
    run = Path(judged.printed["run"]).name
    before = sorted(judged.project.rglob("*"))
    found = check(IDEA, "--task", "lines", folder=judged.project)
    assert found["fate"] == "thrown out"
    assert found["reason"].startswith(f"repeats the dead end {run}/h1 (refuted")
    (earlier,) = found["earlier"]
    assert (earlier["id"], earlier["status"]) == (f"{run}/h1", "dead end")
    assert "refuted" in earlier["lesson"]
    assert [
        path for path in sorted(judged.project.rglob("*")) if path not in before and "vectors" not in path.name
    ] == []


@pytest.mark.slow
def test_another_idea_would_be_tested(judged: Judged) -> None:
    found = check("Median of columns. Replace each column by its median.", "--task", "lines", folder=judged.project)
    assert found["fate"] == "tested"
    assert found["compared_by"] == "the cosine alone"


def test_a_project_without_runs_says_what_it_could_not_look_at_and_stays_empty(tmp_path: Path) -> None:
    found = check("Label smoothing. Smooth the labels.", folder=tmp_path)
    assert found["earlier"] == []
    assert found["fate"] == "unknown"
    assert any("bank: this project has none yet" in line for line in found["unreached"])
    assert any("likeness is that of spelling only" in line for line in found["unreached"])
    assert list(tmp_path.iterdir()) == []


def test_a_paper_with_the_same_words_makes_it_known_and_the_rule_says_what_follows(tmp_path: Path) -> None:
    task = make_task(tmp_path / "lines").folder
    paper = {"id": "p1", "title": "Halved predictions", "abstract": "They are halved.", "year": 2020}
    (task / "papers.jsonl").write_text(json.dumps(paper) + "\n")
    (task / "task.yaml").write_text((task / "task.yaml").read_text() + "papers: papers.jsonl\n")
    found = check(IDEA, "--task", "lines", folder=tmp_path)
    assert found["novelty"]["kind"] == "known"
    assert found["novelty"]["hits"][0]["paper"] == "p1"
    assert found["fate"] == "tested, said to be known"
    strict = check(IDEA, "--task", "lines", folder=tmp_path, PELAGOS_SCREEN__NOVELTY="require")
    assert (strict["rule"], strict["fate"]) == ("require", "thrown out")


def test_an_idea_is_one_line_with_a_title(tmp_path: Path) -> None:
    assert_bad_input(run_pelagos("idea", " . ", folder=tmp_path), 'write "TITLE. STATEMENT"')
    assert_bad_input(run_pelagos("idea", "x" * 4000, folder=tmp_path), "idea: is too long")
    assert_bad_input(run_pelagos("idea", "A thing. Do it.", "--task", "nope", folder=tmp_path), "task 'nope'")
