"""A project of three scripted runs: one finished and found something, one failed, one waits for a review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.launch import drive
from agents.setup.create import create
from tests.agents.scripted import Inventive, Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task


def drive_run(project: Path, name: str, model: Scripted, loop: dict[str, Any] | None = None, **sections: Any) -> Path:
    """Drive a run of the table toolchain in the project's `runs/`; its ending may be any."""
    assembly = ScriptedAssembly(model)
    task = str(write_task(project / "table"))
    settings = make_short_settings(**sections)
    settings.loop = settings.loop.model_copy(update=loop or {})
    run = create(project, task, settings, project / "runs" / name, assembly)
    drive(run, assembly=assembly)
    return run


def make_project(project: Path) -> Path:
    away = {"default": "replay:none", "retries": 0, "patience_s": 0}
    gate = {"review": "gate", "review_wait": 0}
    drive_run(project, "night1", Scripted(), hypotheses=2)
    drive_run(project, "night2", Inventive(down=lambda call: call > 4), models=away)
    drive_run(project, "night3", Inventive(), loop={**gate, "lanes": 2, "hypotheses": 2})
    return project
