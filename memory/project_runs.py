"""Which runs a project has: those under its `runs/`, and those elsewhere that were launched in it.

A run's label is its name in the bank: the folder's name under `runs/`, the whole path anywhere else, so that two runs
never share one.
"""

from __future__ import annotations

from pathlib import Path

from memory.faults import on_disk
from memory.hidden import hidden

RUNS = "runs"
ELSEWHERE = "runs-elsewhere"


def label(project: Path, folder: Path) -> str:
    folder = folder.resolve()
    return folder.name if folder.parent == (project / RUNS).resolve() else str(folder)


def folder_of(project: Path, run: str) -> Path:
    """The folder of the run with that label; it may be gone."""
    return project / RUNS / run


def register(project: Path, folder: Path) -> None:
    """Note a run that isn't under `runs/`: one line, appended whole, so two runs may do it at once."""
    run = label(project, folder)
    if Path(run).is_absolute() and folder.resolve() not in elsewhere(project):
        with on_disk(project), (hidden(project) / ELSEWHERE).open("a", encoding="utf-8") as file:
            file.write(f"{run}\n")


def elsewhere(project: Path) -> list[Path]:
    """Folders noted by `register`, in that order; some may be gone."""
    file = hidden(project) / ELSEWHERE
    return list(dict.fromkeys(Path(line) for line in file.read_text("utf-8").splitlines())) if file.exists() else []
