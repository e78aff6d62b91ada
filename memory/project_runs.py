"""Which runs a project has: those under its `runs/`, and those elsewhere that were launched in it.

A run's label is its name in the bank: the folder's name under `runs/`, the whole path anywhere else, so that two runs
never share one.
"""

from __future__ import annotations

from pathlib import Path

from memory.faults import on_disk
from memory.hidden import NAME, SECRET, hidden
from pelagos.errors import BadInput

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
    file = project / NAME / ELSEWHERE
    return list(dict.fromkeys(Path(line) for line in file.read_text("utf-8").splitlines())) if file.exists() else []


def project_of(folder: Path, recorded: Path, begun: bool) -> Path:
    """The project that the run in `folder` belongs to now: `recorded` when it was launched, and elsewhere since if the
    whole project was moved or copied.

    A run that has `begun` left a `.pelagos` in its project. Raises BadInput where there is none.
    """
    folder = folder.resolve()
    if folder.parent != recorded / RUNS and folder not in elsewhere(recorded):
        for around in folder.parents:
            if _held(folder, around, recorded) and (_moved_to(around, recorded) or not (begun or recorded.is_dir())):
                return around
    if (recorded / NAME).is_dir() or (recorded.is_dir() and not begun):
        return recorded
    raise BadInput(
        f"{folder}: its project {recorded} has no {NAME} any more, which holds the secret of the run's data: put it "
        f"back, or move the run into {RUNS}/ of the project's new place; a new run needs neither"
    )


def _held(folder: Path, around: Path, recorded: Path) -> bool:
    """Whether the run is one of the project `around`: under its `runs/`, or noted there by its place in `recorded`."""
    return folder.parent == around / RUNS or recorded / folder.relative_to(around) in elsewhere(around)


def _moved_to(around: Path, recorded: Path) -> bool:
    """Whether the project `around` is the `recorded` one in another place: that one is gone, or has the same secret."""
    if not (around / NAME).is_dir():
        return False
    ours, theirs = (folder / NAME / SECRET for folder in (around, recorded))
    if not (recorded / NAME).is_dir():
        return True
    return ours.is_file() and theirs.is_file() and ours.read_bytes() == theirs.read_bytes()
