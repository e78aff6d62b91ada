"""Two finished scripted runs of one project."""

from __future__ import annotations

from pathlib import Path

from agents.launch import drive
from agents.setup.create import create
from tests.agents.scripted import Inventive, Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

RUNS: dict[str, tuple[type[Scripted], int]] = {"alpha": (Scripted, 3), "beta": (Inventive, 2)}


def make_finished_runs(project: Path) -> Path:
    """Make them and return `project`."""
    for name, (model, hypotheses) in RUNS.items():
        assembly = ScriptedAssembly(model())
        task, run = str(write_task(project / "table")), project / "runs" / name
        drive(create(project, task, make_short_settings(hypotheses), run, assembly), assembly=assembly)
    return project
