"""Checks all that a run needs, and makes a run folder that is ready to be driven."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from agents.notify.channels import open_channels
from agents.setup import run_folder
from agents.setup.assembly import Assembly
from agents.setup.caps import check_caps
from agents.setup.project_tools import check_tools
from agents.verifiers.registry import check_spec, choose_spec
from memory.files.disk_errors import translate_disk_errors
from pelagos.errors import BadInput
from pelagos.settings import Settings
from tools import registry
from tools.literature.cascade import Cascade
from tools.literature.knowhow.folder import load_notes
from tools.skills.finding import find_skills
from tools.skills.scripts import find_scripts
from tools.toolchain import Task


def create(
    project: Path,
    task_ref: str,
    settings: Settings,
    run_dir: Path | None = None,
    assembly: Assembly | None = None,
    fill: Callable[[Path], None] | None = None,
) -> Path:
    """Make a run folder that is ready to be driven, and return it. `fill` adds files before it is in place. Raises
    BadInput, MissingPart and DiskFull; then nothing was written."""
    task, toolchain = registry.task(task_ref)
    _check_task(task, project, settings)
    check_tools(task, toolchain, project, settings)
    check_spec(choose_spec(settings.verifiers.kind, True), settings)
    open_channels(settings.notify, project, os.environ)
    assembly = assembly or Assembly()
    specs = check_caps(settings)
    registry.install(task)
    assembly.sandbox(settings.sandbox)
    assembly.check_embedder(settings, project)
    folder = run_dir or run_folder.new_folder(project / "runs", task.name)
    run_folder.check_free(folder, task.digest)
    for spec in specs:  # last: this sends requests to endpoints
        assembly.check_model(spec, settings)
    with translate_disk_errors(folder):
        while not run_folder.create(folder, project, task, settings, fill):  # another process took the place meanwhile
            if run_dir is not None:
                run_folder.check_free(run_dir, task.digest)
            folder = run_dir or run_folder.new_folder(project / "runs", task.name)
    return folder


def _check_task(task: Task, project: Path, settings: Settings) -> None:
    """Raises BadInput or MissingPart if the task can't run here, has too few seeds, or if its papers or the project's
    know-how can't be read."""
    registry.check_machine(task, settings.sandbox.name)
    min_seeds, seeds = settings.judge.min_seeds, len(task.seeds)
    if 1 < seeds < min_seeds:  # a task of one seed draws nothing
        raise BadInput(f"task {task.name}: seeds: {seeds} are too few for a noise estimate: name at least {min_seeds}")
    papers = project / settings.survey.corpus if settings.survey.corpus else task.papers
    if papers is not None:
        Cascade.open(settings.literature, papers, lambda _: None).close()
    for folder in settings.knowhow:
        load_notes(project / folder)
    find_scripts(find_skills(project, settings.skills).on, settings.skill_scripts)
