"""Tests that a program that changes its folder finds its data and writes its predictions to the right place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pelagos.errors import BadInput
from sandbox.border.report import stored_report
from sandbox.protocol import Limits, Spec
from tests.tools.world import World
from tools.code.execution import execution
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.code.task.data import TaskData, prepare_data
from tools.code.toolchain import CodeToolchain

LINE = "    args = parser.parse_args()\n"


@pytest.fixture
def data(task: CodeTask, tmp_path: Path) -> TaskData:
    return prepare_data(task, tmp_path / "project")


def spec(task: CodeTask, data: TaskData, change: str) -> Spec:
    sources = task.sources()
    assert LINE in sources["fit.py"]
    program = Program({**sources, "fit.py": sources["fit.py"].replace(LINE, LINE + change)}, task.editable)
    return execution._build_spec(task, program, data["smoke"], 1, Limits(), False, "")


def run(spec: Spec, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a plain folder with the layout of a sandbox."""
    for name, content in spec.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for name, source in spec.readonly.items():
        (folder / name).symlink_to(source)
    return subprocess.run([sys.executable, *spec.argv[1:]], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "change",
    [
        "    import os\n    os.makedirs('tmp'); os.chdir('tmp')\n",
        "    import os\n    os.chdir('/')\n",
        "    import os\n    os.chdir(os.path.dirname(__file__)); os.makedirs('a'); os.chdir('a')\n",
        "    import os, subprocess\n    os.makedirs('a')\n    subprocess.run(['test', '-d', args.data], cwd='a', check=True)\n",
        "    from os import chdir\n    chdir('..')\n",
        "    import contextlib\n    contextlib.chdir('/').__enter__()\n",
    ],
)
def test_it_runs_as_anywhere_else(change: str, task: CodeTask, data: TaskData, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    experiment = run(spec(task, data, change), tmp_path / "work")
    assert experiment.returncode == 0, experiment.stderr
    assert (tmp_path / "work" / execution.PREDICTIONS).is_file()
    assert stored_report((tmp_path / "work" / execution.REPORT).read_bytes()).predictions


def test_another_program_is_given_the_same_words_as_ever(task: CodeTask, data: TaskData) -> None:
    config = json.loads(spec(task, data, "").files[f"{execution.HOOKS_MOUNT}/config.json"])
    assert (config["script"], config["argv"][1]) == ("fit.py", "data")


def test_a_run_whose_secret_is_gone_makes_no_other(task: CodeTask, world: World) -> None:
    CodeToolchain().prepare(task, world)
    secret = world.project / ".pelagos" / "secret"
    secret.unlink()
    with pytest.raises(BadInput, match="secret: is gone, and with it this run's data: put it back"):
        CodeToolchain().prepare(task, world)
    assert not secret.exists()
