"""What can't be driven is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.launch import drive
from agents.run import subtract_reserve
from memory.files.run_lock import hold_controller
from pelagos.errors import BadInput
from pelagos.settings import Caps
from tests.agents.scripted import ScriptedAssembly
from tests.agents.setup.test_create import create_run
from tests.toolchains.table import write_task


def test_no_run_to_drive(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no run"):
        drive(tmp_path, assembly=ScriptedAssembly())


def test_a_changed_task_copy_is_refused(tmp_path: Path) -> None:
    run = create_run(tmp_path)
    write_task(run / "task", seeds=9)
    with pytest.raises(BadInput, match="was changed since the run began"):
        drive(run, assembly=ScriptedAssembly())


def test_a_driven_run_has_one_driver(tmp_path: Path) -> None:
    run = create_run(tmp_path)
    with hold_controller(run), pytest.raises(BadInput, match="already drives this run"):
        drive(run, assembly=ScriptedAssembly())


@pytest.mark.parametrize(("cap", "left"), [(None, None), (20, 20), (31, 31), (32, 12), (60, 40), (300, 260)])
def test_what_confirm_needs_is_kept_back(cap: int | None, left: int | None) -> None:
    assert subtract_reserve(Caps(experiments=cap), max_seeds=8).experiments == left
