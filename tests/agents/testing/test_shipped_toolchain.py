"""The conformance check on the shipped toolchain for programs, with the task that `pelagos tasks new` writes.

The check runs the baseline with every seed of the task, one after the other. The shipped tasks have 12 seeds, and an
experiment of `diabetes` took 6.4 s on two cores: 77 of 115 s. The new task has 8 seeds and takes 0.9 s each. All of its
seeds are run here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.testing import ScriptedModel, check_toolchain
from sandbox.protocol import Sandbox
from tools.code.task.scaffold import scaffold
from tools.code.toolchain import CodeToolchain

pytestmark = pytest.mark.slow
REPLY = "train.py\n<<<<<<< SEARCH\nSTEPS = 60\n=======\nSTEPS = 61\n>>>>>>> REPLACE\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scaffold(tmp_path / "new")
    return tmp_path / "new"


def test_the_code_toolchain_passes_with_a_new_task(folder: Path, jail: Sandbox) -> None:
    model = ScriptedModel(lambda request: REPLY)
    assert check_toolchain(CodeToolchain, folder, model, jail) == []
    assert [request.role for request in model.requests] == ["coder"]  # its first program ran


def test_a_baseline_that_ends_by_an_error_is_named(folder: Path, jail: Sandbox) -> None:
    program = folder / "train.py"
    fault = "    np.save(Path(options.out)"
    program.write_text(program.read_text().replace(fault, f"    assert int(options.seed) != 2\n{fault}"))
    task = folder / "task.yaml"
    task.write_text(task.read_text().replace("[1, 2, 3, 4, 5, 6, 7, 8]", "[1, 2, 3]"))
    [line] = check_toolchain(CodeToolchain, folder, sandbox=jail)[:1]
    assert line.startswith("the baseline's experiment with seed 2 ends error: ")
