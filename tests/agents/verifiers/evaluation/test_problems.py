"""Files of each shape are read; every fault is one line that says where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.verifiers.evaluation.problems import Labelled, read_prmbench, read_processbench, read_solutions
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput

PENS = {"problem": "Pens?", "steps": ["12 pens.", "7 left."]}
PROCESS = {"id": "gsm8k-0", "generator": "x", **PENS, "label": 1}
PRM = {
    "idx": "p0",
    "original_question": "Pens?",
    "modified_question": "Pens then?",
    "modified_process": ["12 pens.", "8 left.", "So 8."],
    "error_steps": [3, 2, 2, 4],
    "classification": "confidence",
}


def written(folder: Path, *items: Any) -> Path:
    path = folder / "data.jsonl"
    path.write_text("\n".join(map(json.dumps, items)) + "\n")
    return path


def test_a_list_and_lines_are_read_alike(tmp_path: Path) -> None:
    listed = tmp_path / "data.json"
    listed.write_text(json.dumps([PENS, PENS]))
    expected = [Solution("Pens?", ("12 pens.", "7 left."))] * 2
    assert read_solutions(listed) == read_solutions(written(tmp_path, PENS, PENS)) == expected


def test_labels_of_processbench_count_from_zero_and_those_of_prmbench_from_one(tmp_path: Path) -> None:
    process = read_processbench(written(tmp_path, PROCESS, {**PROCESS, "id": 7, "label": -1}))
    solution = Solution("Pens?", ("12 pens.", "7 left."))
    assert process == [Labelled("gsm8k-0", solution, (1,)), Labelled("7", solution, ())]
    (prm,) = read_prmbench(written(tmp_path, PRM, {**PRM, "error_steps": []}))  # of one id the first counts
    modified = Solution("Pens then?", ("12 pens.", "8 left.", "So 8."))
    assert prm == Labelled("confidence_p0", modified, (1, 2), "confidence")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no problem: give a JSON list or JSON lines"),
        ("[]", "holds no problem: give a JSON list or JSON lines"),
        ("[1", "line 1: not JSON: "),
        ('{"problem": "P"', "line 1: not JSON: "),
        ("[" * 100_000, "line 1: can't be read: a number is too long, or brackets are nested too deeply"),
        ('{}\n{"problem": ' + "1" * 5_000, "line 2: can't be read: a number is too long, or brackets are nested"),
        ("3", "item 1: is no object: write {...} with a problem and its steps"),
        ('{"steps": ["a"]}', "item 1: problem: field required"),
        ('{"problem": "P"}', "item 1: steps: field required"),
        ('{"problem": "P", "steps": "a"}', "item 1: steps: input should be a valid list"),
        ('{"problem": "P", "steps": []}', "item 1: steps: list should have at least 1 item"),
        ('{"problem": "P", "steps": ["a", " "]}', "item 1: steps.2: is empty: write it or leave it out"),
        ('{"problem": "P", "steps": ["a", 3]}', "item 1: steps.2: input should be a valid string"),
        ('{"problem": " ", "steps": ["a"]}', "item 1: problem: is empty: write it or leave it out"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        read_solutions(path)
    assert len(refused.value.faults) == 1
    assert str(refused.value).startswith(f"{path}: {told}")


def test_a_file_that_is_not_there_or_is_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none.json: can't be read: No such file"):
        read_solutions(tmp_path / "none.json")
    (tmp_path / "latin").write_bytes(b'{"problem": "\xe9"}')
    with pytest.raises(BadInput, match="line 1: not UTF-8"):
        read_solutions(tmp_path / "latin")


def test_labels_that_no_step_has_are_faults_and_many_faults_are_counted(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        read_processbench(written(tmp_path, PROCESS, {**PROCESS, "label": 2}, {**PROCESS, "label": -2}))
    assert [fault.partition("jsonl: ")[2] for fault in refused.value.faults] == [
        "item 2: label: 2 is no place of 2 steps: write -1 or 0 to 1",
        "item 3: label: -2 is no place of 2 steps: write -1 or 0 to 1",
    ]
    with pytest.raises(BadInput, match="item 1: error_steps: 0 is no number of a step: they count from 1"):
        read_prmbench(written(tmp_path, {**PRM, "error_steps": [0]}))
    with pytest.raises(BadInput) as many:
        read_solutions(written(tmp_path, *[{}] * 14))
    assert len(many.value.faults) == 11
    assert many.value.faults[-1].endswith(": faults not shown: 4")
