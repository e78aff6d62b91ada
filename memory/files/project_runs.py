"""Lists the runs of a project: those under its `runs/`, and external ones that were launched in it.

A run's label is its name in the bank: the folder's name under `runs/`, the absolute path anywhere else, so that two
runs never share a label.
"""

from __future__ import annotations

from pathlib import Path

from memory.files.disk_errors import translate_disk_errors
from memory.files.project_folder import FOLDER_NAME, SECRET_FILE, project_folder
from pelagos.errors import BadInput

RUNS = "runs"
EXTERNAL_RUNS_FILE = "runs-elsewhere"
CUT_LINE = "\0\n"
"""Ends a line that was only partly written; no path contains it."""


def run_label(project: Path, folder: Path) -> str:
    """Return the label of the run in `folder`."""
    folder = folder.resolve()
    return folder.name if folder.parent == (project / RUNS).resolve() else str(folder)


def run_folder(project: Path, run: str) -> Path:
    """Return the folder of the run with this label; it may no longer exist."""
    return project / RUNS / run


def register_run(project: Path, folder: Path) -> None:
    """Record a run that isn't under `runs/`: one line, appended in one write, so that two runs may do it at once.
    Where a full disk left a part of a line, that line is ended first and then names no run."""
    run = run_label(project, folder)
    if Path(run).is_absolute() and folder.resolve() not in external_runs(project):
        with translate_disk_errors(project), (project_folder(project) / EXTERNAL_RUNS_FILE).open("ab+") as file:
            file.seek(max(0, file.tell() - 1))
            whole = file.read() in (b"", b"\n")
            file.write(f"{'' if whole else CUT_LINE}{run}\n".encode())


def external_runs(project: Path) -> list[Path]:
    """Return the folders recorded by `register_run`, in that order; some may no longer exist."""
    file = project / FOLDER_NAME / EXTERNAL_RUNS_FILE
    lines = file.read_text("utf-8", "replace").split("\n")[:-1] if file.exists() else []
    return list(dict.fromkeys(Path(line) for line in lines if not line.endswith(CUT_LINE[0])))


def find_project(folder: Path, recorded: Path, begun: bool) -> Path:
    """Return the project that the run in `folder` belongs to now: `recorded` at its launch, another one if the whole
    project was moved or copied since.

    A run that has `begun` left a `.pelagos` in its project. Raises BadInput where there is none.
    """
    folder = folder.resolve()
    if folder.parent != recorded / RUNS and folder not in external_runs(recorded):
        for candidate in folder.parents:
            if _belongs_to(folder, candidate, recorded) and (
                _is_same_project(candidate, recorded) or not (begun or recorded.is_dir())
            ):
                return candidate
    if (recorded / FOLDER_NAME).is_dir() or (recorded.is_dir() and not begun):
        return recorded
    raise BadInput(
        f"{folder}: its project {recorded} has no {FOLDER_NAME} any more, which holds the secret of the run's data: "
        f"put it back, or move the run into {RUNS}/ of the project's new place; a new run needs neither"
    )


def _belongs_to(folder: Path, candidate: Path, recorded: Path) -> bool:
    """Whether the run belongs to the project `candidate`: it lies under its `runs/`, or is recorded there by its path
    in `recorded`."""
    return folder.parent == candidate / RUNS or recorded / folder.relative_to(candidate) in external_runs(candidate)


def _is_same_project(candidate: Path, recorded: Path) -> bool:
    """Whether the project `candidate` is the `recorded` one in another place: that one is gone, or has the same
    secret."""
    if not (candidate / FOLDER_NAME).is_dir():
        return False
    candidate_secret, recorded_secret = (folder / FOLDER_NAME / SECRET_FILE for folder in (candidate, recorded))
    if not (recorded / FOLDER_NAME).is_dir():
        return True
    return (
        candidate_secret.is_file()
        and recorded_secret.is_file()
        and candidate_secret.read_bytes() == recorded_secret.read_bytes()
    )
