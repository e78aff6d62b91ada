"""A task's packs: its programs import them, its prompts list them, its digest holds them; what is broken is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from pelagos.errors import BadInput
from pelagos.nouns import OutcomeKind, Version
from sandbox.protocol import Sandbox
from tests.tools.code.conftest import PROGRAM, TASK, ScriptedRoleModel, make_task
from tests.tools.world import World
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain

RIDGE = '''
import numpy as np


def solve_ridge(x: np.ndarray, y: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Weights (d,) of a ridge regression of y (n,) on x (n, d)."""
    return np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)
'''
BROKEN = "import no_such_library\n" + RIDGE.replace("solve_ridge", "solve_lasso")
USE = "np.linalg.lstsq(scale(x), y, rcond=None)[0]", "solve_ridge(scale(x), y, strength=0.1)"


class Prepared(NamedTuple):
    task: CodeTask
    chain: CodeToolchain
    world: World


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("packs")
    make_task(folder / "lines")
    (folder / "lines" / "mytools").mkdir()
    (folder / "lines" / "mytools" / "ridge.py").write_text(RIDGE)
    (folder / "lines" / "mytools" / "broken.py").write_text(BROKEN)
    (folder / "lines" / "task.yaml").write_text(TASK + "tools: [./mytools]\n")
    world = World(folder, jail, ScriptedRoleModel(lambda messages, sample: ""))
    task, chain = load_task(folder / "lines"), CodeToolchain()
    chain.prepare(task, world)
    yield Prepared(task, chain, world)
    world.ledger.close()


def make_version(prepared: Prepared) -> Version:
    original = load_original(prepared.task)
    text = PROGRAM.replace(*USE).replace(
        "from helper import scale", "from helper import scale\nfrom pelagos_tools.mytools.ridge import solve_ridge"
    )
    program = replace(original, files={**original.files, "fit.py": text})
    return Version(id="v1", hypothesis="h1", plan="p1", content=program.store(prepared.world.artifacts))


def test_a_program_imports_a_function_of_a_pack(prepared: Prepared) -> None:
    task, chain, world = prepared
    version = make_version(prepared)
    done = chain.experiment(task, version, 1, "validation", world)
    assert done.outcome is OutcomeKind.OK, done.cause
    assert done.score is not None
    untouched = chain.experiment(task, chain.baseline(task, world), 1, "validation", world)
    assert done.score != untouched.score


@pytest.mark.slow
def test_the_audit_finds_nothing_against_an_imported_function(prepared: Prepared) -> None:
    task, chain, world = prepared
    assert chain.audit(task, make_version(prepared), world).findings == []


def test_prompts_list_what_is_sound_and_what_is_broken_is_said_once(prepared: Prepared) -> None:
    task, chain, world = prepared
    overview = chain.brief(task, world).overview
    assert "from pelagos_tools.mytools.ridge import solve_ridge\n# solve_ridge(x: np.ndarray" in overview
    assert "solve_lasso" not in overview
    chain.prepare(task, world)
    [line] = [line for line in world.said if line.startswith("left out")]
    assert line.startswith("left out: pelagos_tools.mytools.broken: can't be imported: No module named")
    [row] = [row for row in chain.section(task, world).rows if "mytools" in row[0]]
    assert row[1].startswith("2 functions, SHA-256 ")


def test_the_digest_holds_the_packs_and_a_run_copies_them(prepared: Prepared, tmp_path: Path) -> None:
    assert "mytools/ridge.py" in prepared.task.contents
    task = make_task(tmp_path / "lines")
    assert task.packages_digest == ""
    (tmp_path / "lines" / "ridge.py").write_text(RIDGE)
    (tmp_path / "lines" / "task.yaml").write_text(TASK + "tools: [ridge.py]\n")
    with_pack = load_task(tmp_path / "lines")
    first = with_pack.packages_digest
    (tmp_path / "lines" / "ridge.py").write_text(RIDGE.replace("1.0", "2.0"))
    changed = load_task(tmp_path / "lines")
    assert len({task.digest, with_pack.digest, changed.digest}) == 3
    assert "" != first != changed.packages_digest


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("tools: [none]", "tools.0: no file 'none' in the task folder"),
        ("tools: [../outside.py]", "tools.0: '../outside.py' leaves the task folder"),
        ("packs: [proteomic]", "packs: pack 'proteomic' is not known; did you mean 'proteomics'?"),
        ("tools: [linked]", "tools.0: 'there.py' in it is a symbolic link"),
    ],
)
def test_a_pack_that_is_not_there_is_refused(lines: str, fault: str, tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    (tmp_path / "lines" / "linked").mkdir()
    (tmp_path / "lines" / "linked" / "there.py").symlink_to(tmp_path / "outside.py")
    (tmp_path / "lines" / "task.yaml").write_text(f"{TASK}{lines}\n")
    with pytest.raises(BadInput) as told:
        load_task(tmp_path / "lines")
    assert fault in str(told.value)


def test_a_task_says_which_functions_are_left_out(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    (tmp_path / "lines" / "mine.py").write_text("def scale(x):\n    return x\n")
    (tmp_path / "lines" / "task.yaml").write_text(TASK + "tools: [mine.py]\n")
    notes = load_task(tmp_path / "lines").notes
    assert any(note.startswith("left out: mine.scale: mine.py:1: parameter has no type: x") for note in notes)
