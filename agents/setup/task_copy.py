"""Copies a task into a run folder: the files that it names, or its whole folder if it names none.

A folder often holds more than its task: earlier runs, a virtual environment, links, pipes. Of a whole folder only plain
files are copied; run folders, names that begin with a dot, and links to a parent folder are skipped.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pelagos.errors import BadInput
from tools.toolchain import Listed, Task

RUN_FILE = "run.json"


def copy_task(task: Task, target: Path) -> None:
    """Copy `task` into `target`, which is created. Raises BadInput for a file that can't be read or is missing."""
    try:
        if isinstance(task, Listed):
            _copy_named(task.folder, target, list(task.contents))
        else:
            _copy_folder(task.folder, target, frozenset())
    except (PermissionError, FileNotFoundError) as error:
        raise BadInput(
            f"task {task.name}: {error.filename}: can't be copied into the run: {error.strerror}; mend it"
        ) from None


def _copy_named(folder: Path, target: Path, names: list[str]) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target / name)


def _copy_folder(folder: Path, target: Path, ancestors: frozenset[str]) -> None:
    """Copy the plain files of `folder` and its subfolders. `ancestors` are the real paths of the folders on the way to
    `folder`, by which links back are found."""
    target.mkdir(parents=True)
    inside = ancestors | {os.path.realpath(folder)}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_file():
            shutil.copyfile(entry, target / entry.name)
        elif entry.is_dir() and not _leads_back(entry, inside) and not (entry / RUN_FILE).is_file():
            _copy_folder(entry, target / entry.name, inside)


def _leads_back(entry: Path, ancestors: frozenset[str]) -> bool:
    """Whether `entry` is one of the folders `ancestors`, or a folder around one of them."""
    real = os.path.realpath(entry)
    return any(os.path.commonpath([real, ancestor]) == real for ancestor in ancestors)
