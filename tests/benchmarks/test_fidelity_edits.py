"""The stored edits and their labels belong together, and every technique has a place in every program."""

from __future__ import annotations

import pytest

from benchmarks.fidelity.__main__ import load_labels, make_key
from benchmarks.fidelity.cases import Case, make_cases
from benchmarks.fidelity.edits import read_edits
from tools.code.coding.knowhow.choice import select_note
from tools.code.program.versions import load_original


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return make_cases(tmp_path_factory.mktemp("tasks"))


def test_every_edit_that_runs_has_one_label_and_no_other_has(asked: list[Case]) -> None:
    edits = read_edits()
    assert len({make_key(edit) for edit in edits}) == len(edits)
    assert {make_key(edit) for edit in edits if edit["runs"]} == set(load_labels())
    assert {make_key(edit)[:2] for edit in edits} <= {(edit.technique, edit.program) for edit in asked}


def test_every_technique_has_its_target_and_its_know_how(asked: list[Case]) -> None:
    assert len({(edit.technique, edit.program) for edit in asked}) == 36
    for edit in asked:
        program = load_original(edit.task)
        assert program.node(edit.hypothesis.target) is not None
        assert select_note(edit.knowhow, edit.hypothesis, program, 750)
        assert select_note(edit.plan.knowhow, edit.hypothesis, program, 750) == ""
