"""Drop-ins that a project names: found or refused, copied, and known again by the hash of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tools.functions.drop_ins import copy_drop_ins, find_drop_ins, find_imported, find_name_clashes, open_copies

TOOL = 'def double(value: float) -> float:\n    """Twice the value."""\n    return 2 * value\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("mytools/sound.py", "mytools/more/table.csv", "other/mytools.py", "single.py", "cells.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TOOL)
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_a_folder_and_a_file_are_found_in_the_project(project: Path) -> None:
    named = [Path("./mytools"), Path("single.py")]
    assert find_drop_ins(project, named) == [(project / "mytools").resolve(), (project / "single.py").resolve()]


@pytest.mark.parametrize(
    ("named", "line"),
    [
        (["none"], "tools: 'none': "),
        (["."], "tools: '.': it holds the whole project"),
        ([".."], "tools: '..': it holds the whole project"),
        (["cells.py"], "tools: 'cells.py': 'cells' is the name of a shipped pack; rename it"),
        (["mytools", "other/mytools.py"], "tools: 'other/mytools.py': another one is called 'mytools'; rename one"),
        (["mytools/more/table.csv"], "tools: 'mytools/more/table.csv': table.csv is no Python file"),
        (["notes"], "tools: 'notes': "),
    ],
)
def test_what_can_not_be_used_is_one_line(project: Path, named: list[str], line: str) -> None:
    with pytest.raises(BadInput) as told:
        find_drop_ins(project, [Path(name) for name in named])
    [fault] = told.value.faults
    assert fault.startswith(line)


def test_copies_are_used_while_they_are_what_was_copied(project: Path, tmp_path: Path) -> None:
    roots, run = find_drop_ins(project, [Path("mytools"), Path("single.py")]), tmp_path / "run"
    digests = copy_drop_ins(roots, run)
    assert (run / "mytools" / "more" / "table.csv").read_text() == TOOL
    assert open_copies(digests, run) == [run / "mytools", run / "single.py"]
    (project / "single.py").write_text("changed = True\n")  # the run keeps its own
    assert open_copies(digests, run)
    (run / "single.py").write_text(TOOL + "\n")
    (run / "mytools" / "more" / "table.csv").unlink()
    with pytest.raises(BadInput) as told:
        open_copies(digests, run)
    assert [fault.partition(": ")[2] for fault in told.value.faults] == [
        "was changed since the run began: put it back, or start a new run"
    ] * 2


def test_a_name_of_the_tasks_own_packs_clashes(project: Path) -> None:
    roots = find_drop_ins(project, [Path("mytools"), Path("single.py")])
    [line] = find_name_clashes(["mytools", "ranks"], roots, "lines")
    assert line == "tools: 'mytools': task lines has a pack 'mytools' of its own; rename one"


def test_a_program_uses_what_its_text_names(project: Path) -> None:
    roots = find_drop_ins(project, [Path("mytools"), Path("single.py")])
    assert list(find_imported("from pelagos_tools.single import double", roots)) == ["single.py"]
    assert list(find_imported("import numpy", roots)) == []
