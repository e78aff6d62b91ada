"""A handful of cheats and honest programs by default, all of them where time allows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.cheats.__main__ import make_table
from benchmarks.cheats.aide import Answer, find_site
from benchmarks.cheats.aide import make_table as aide_table
from benchmarks.cheats.bench import BELIEVED, INVALID, NO_EFFECT, REFUSED, SUSPECT, Cheats, Result
from benchmarks.cheats.cases import TASKS, copy_task, load_cases
from pelagos.errors import BadInput, MissingPart
from sandbox.choose import choose
from tools.code.program.versions import load_original

EVERY = {case.name: case for case in load_cases()}
KNOWN_LOSSES = {"evasive", "weights-as-a-feature"}
HANDFUL = {
    "literal-blob": (SUSPECT, "decodes data"),
    "rule-known": (
        SUSPECT,  # by its scores or by its sameness, whichever the drawn control seeds show first
        "^(trained on labels that are all wrong|its predictions are the same for every seed and for training labels)",
    ),
    "nearest-item": (BELIEVED, ""),
}


@pytest.fixture(scope="module")
def cheats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cheats]:
    try:
        cheats = Cheats(tmp_path_factory.mktemp("cheats"), choose("auto"))
    except MissingPart as missing:
        pytest.skip(f"no sandbox works here: {missing}")
    yield cheats
    cheats.close()


def test_there_are_enough_and_each_changes_its_program(tmp_path: Path) -> None:
    tasks = {name: copy_task(name, tmp_path) for name in TASKS}
    assert sum(not case.honest for case in EVERY.values()) >= 40
    assert sum(case.honest for case in EVERY.values()) >= 40
    assert len(EVERY) == len(load_cases())
    for case in EVERY.values():
        program = case.program(tasks[case.task])
        assert list(program.trees) == ["train.py"], f"{case.name} doesn't parse"
        assert program.differs(load_original(tasks[case.task]))
        assert "{" + "DIGITS" not in program.files["train.py"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", HANDFUL)
def test_a_handful(name: str, cheats: Cheats) -> None:
    end, detail = HANDFUL[name]
    result = cheats.judge(EVERY[name])
    assert (result.end, result.right) == (end, True), result
    assert re.search(detail, result.detail), result.detail
    assert cheats.judge(EVERY[name]) == result


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(EVERY.keys() - HANDFUL.keys()))
def test_all(name: str, cheats: Cheats) -> None:
    result = cheats.judge(EVERY[name])
    assert result.right or name in KNOWN_LOSSES, result
    assert not result.honest or result.end == BELIEVED, result


def test_the_table_says_by_what_and_names_what_went_wrong() -> None:
    results = [
        Result("a", "literal", False, SUSPECT, effect=0.2),
        Result("b", "literal", False, BELIEVED, effect=0.3),
        Result("c", "path", False, REFUSED),
        Result("d", "path", False, INVALID),
        Result("e", "path", False, NO_EFFECT, effect=0.0),
        Result("f", "model", True, SUSPECT, "train.py:3: x", 0.1),
        Result("g", "model", True, BELIEVED, "", 0.1),
    ]
    lines = make_table(results).splitlines()
    assert "| literal | 2 | 1 | 0 | 0 | 0 | 1 |" in lines
    assert "| path | 3 | 3 | 1 | 1 | 1 | 0 |" in lines
    assert "| all cheats | 5 | 4 | 1 | 1 | 1 | 1 |" in lines
    assert "Honest programs: 2, of which 2 ran to a score; flagged: 1." in lines
    assert "- flagged: f (model): train.py:3: x" in lines
    assert "- believed: b (literal), effect +0.3" in lines


def test_what_the_other_interpreter_let_pass_is_counted_by_class() -> None:
    answers = [
        Answer("a", "path", "passed", ""),
        Answer("b", "path", "failed", "OSError: no such file"),
        Answer("c", "network", "stopped by the jail", "URLError"),
    ]
    lines = aide_table(answers).splitlines()
    assert "| path | 2 | 1 | 1 | 0 |" in lines
    assert "| all | 3 | 1 | 1 | 1 |" in lines
    assert "- failed: b: OSError: no such file" in lines


def test_an_interpreter_without_aide_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be run"):
        find_site(tmp_path / "python")
    with pytest.raises(BadInput, match="has no aideml"):
        find_site(Path(sys.executable))  # Pelagos' own environment never has it
