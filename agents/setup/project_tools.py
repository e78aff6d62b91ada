"""The drop-ins that a project's settings name, in its runs: a run holds copies, and uses them as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.setup.run_folder import TOOLS, RunFile
from pelagos.settings import Settings
from tools.abilities import Extensible
from tools.functions.drop_ins import find_drop_ins, open_copies
from tools.toolchain import Task, Toolchain

UNUSED = "tools of the project are left out: the toolchain {} takes none"


def check_tools(task: Task, toolchain: Toolchain[Any], project: Path, settings: Settings) -> None:
    """Raises BadInput, a line per drop-in that is not there or has a name which the task uses."""
    _extend(task, toolchain, find_drop_ins(project, settings.tools))


def add_tools(task: Task, toolchain: Toolchain[Any], folder: Path, description: RunFile) -> Task:
    """Return the run's task with the run's copies of the project's drop-ins. Raises BadInput where one was changed."""
    return _extend(task, toolchain, open_copies(description.tools, folder / TOOLS))


def describe_tools(toolchain: Toolchain[Any], description: RunFile) -> str:
    """Return a line about the project's drop-ins in the run; "" where there is none."""
    if not description.tools:
        return ""
    if not isinstance(toolchain, Extensible):
        return UNUSED.format(toolchain.name)
    listed = ", ".join(f"{name} (SHA-256 {digest[:12]})" for name, digest in description.tools.items())
    return f"tools of the project: {listed}"


def _extend(task: Task, toolchain: Toolchain[Any], tools: list[Path]) -> Task:
    if not tools or not isinstance(toolchain, Extensible):
        return task
    extended: Task = toolchain.extend(task, tools)
    return extended
