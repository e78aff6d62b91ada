"""Rows survive, a cut line is dropped, scores of something else are refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agents.verifiers.evaluation.scores_file import Row, ScoresFile
from agents.verifiers.protocol import StepScores, Usage
from pelagos.errors import BadInput

ABOUT = {"verifier": "direct", "data": "abc"}
ROW = Row.of("k1", StepScores([0.1, 0.9], Usage(1, 2, 3.0, 4.0, 5), ("why", ""), ((0.1, 0.9),)))


def test_rows_are_read_back_with_what_they_cost(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    ScoresFile(path, ABOUT).add(ROW)
    assert ScoresFile(path, ABOUT).rows == {"k1": ROW}
    assert ROW.usage == Usage(1, 2, 3.0, 4.0, 5)


@pytest.mark.parametrize("torn", ['{"key": "k2", "sco', '{"key": "k2"}'])
def test_a_line_without_its_end_is_dropped_and_the_next_one_is_whole(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "scores.jsonl"
    ScoresFile(path, ABOUT).add(ROW)
    with path.open("a") as file:
        file.write(torn)
    opened = ScoresFile(path, ABOUT)
    assert list(opened.rows) == ["k1"]
    opened.add(Row(key="k3"))
    assert list(ScoresFile(path, ABOUT).rows) == ["k1", "k3"]


def test_a_torn_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text('{"verifier": "di')
    ScoresFile(path, ABOUT).add(ROW)
    assert list(ScoresFile(path, ABOUT).rows) == ["k1"]


def test_scores_of_something_else_are_refused_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    ScoresFile(path, ABOUT).add(ROW)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="holds scores made with a different verifier: name another --out"):
        ScoresFile(path, {**ABOUT, "verifier": "genprm"})
    assert path.read_bytes() == before
    with pytest.raises(BadInput, match=r"can't be read: Is a directory: name another --out"):
        ScoresFile(tmp_path, ABOUT)
    other = tmp_path / "notes.txt"
    other.write_text("a note\n")
    with pytest.raises(BadInput, match=r"notes.txt: is no file of scores"):
        ScoresFile(other, ABOUT)
    assert other.read_text() == "a note\n"


def test_a_killed_process_loses_no_row_that_it_had_added(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    code = (
        "import sys, itertools; from pathlib import Path\n"
        "from agents.verifiers.evaluation.scores_file import Row, ScoresFile\n"
        f"file = ScoresFile(Path({str(path)!r}), {ABOUT!r})\n"
        "for number in itertools.count():\n"
        "    file.add(Row(key=str(number), reasons=['x' * 5000]))\n"
        "    print(number, flush=True)\n"
    )
    root = str(Path(__file__).parents[4])
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    )
    assert child.stdout is not None
    seen = [int(child.stdout.readline()) for _ in range(5)]
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert set(map(str, seen)) <= set(ScoresFile(path, ABOUT).rows)
