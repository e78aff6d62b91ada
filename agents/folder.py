"""A run folder's own description: what was launched, with which settings, task and package versions.

The task is copied in, so that a run stands alone. Written whole or not at all: the folder is made beside its
place and moved there. Doesn't hold anything that changes later: that is the ledger's.
"""

from __future__ import annotations

import contextlib
import errno
import json
import shlex
import shutil
import time
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.packages import installed
from agents.task_copy import RUN_FILE, copy_task
from memory.faults import FULL
from pelagos import __version__
from pelagos.errors import BadInput, DamagedRun
from pelagos.settings import Settings
from tools.toolchain import Task

FILE = RUN_FILE
TASK = "task"
LEDGER = "ledger.db"


class RunFile(BaseModel):
    """`digest` is the task's; `project` is where the bank is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pelagos: str
    task: str
    toolchain: str
    digest: str
    project: str
    settings: dict[str, Any]
    versions: dict[str, str]

    def resolved(self) -> Settings:
        return Settings(**self.settings)

    def settings_in(self, project: Path) -> Settings:
        """With the files that the settings name where they lie in `project`, which may have been moved since."""
        found = self.resolved()
        if found.survey.corpus is not None:
            found.survey.corpus = self._placed(found.survey.corpus, project)
        if found.models.prices is not None:
            found.models.prices = self._placed(found.models.prices, project)
        if found.literature.cache is not None:
            found.literature.cache = self._placed(found.literature.cache, project)
        return found

    def _placed(self, path: Path, project: Path) -> Path:
        inside = path.is_absolute() and path.is_relative_to(self.project) and not path.exists()
        return project / (path.relative_to(self.project) if inside else path)


def by_time(runs: Path, task: str) -> Path:
    """A place for a run that is launched now; the second of one second has a number."""
    first = runs / f"{task}-{time.strftime('%Y%m%d-%H%M%S')}"
    numbered = (first.with_name(f"{first.name}-{number:02}") for number in count(2))
    with _placing(first):
        return next(place for place in chain([first], numbered) if not place.exists())


def write(folder: Path, project: Path, task: Task, settings: Settings) -> bool:
    """Make `folder`, all at once. False where it is there and not empty: then nothing was changed."""
    half = folder.with_name(f".{folder.name}.new-{uuid4().hex[:12]}")
    with _placing(folder):
        half.mkdir(parents=True)
    try:
        copy_task(task, half / TASK)
        described = RunFile(
            pelagos=__version__,
            task=task.name,
            toolchain=task.toolchain,
            digest=task.digest,
            project=str(project.resolve()),
            settings=settings.model_dump(mode="json"),
            versions=installed(half / TASK),
        )
        (half / FILE).write_text(described.model_dump_json(indent=2) + "\n", "utf-8")
        return _placed(half, folder)
    except BaseException:
        shutil.rmtree(half)
        raise


def _placed(half: Path, folder: Path) -> bool:
    """The kernel moves a folder over an empty one only: of two that do it at once one succeeds."""
    try:
        half.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(half)
        return False
    return True


@contextlib.contextmanager
def _placing(folder: Path) -> Iterator[None]:
    """Raises BadInput where no folder can be made or looked into there; a full disk passes."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise
        raise BadInput(f"{folder}: can't be made: {error.strerror}: name another place by --run-dir") from None


def read(folder: Path) -> RunFile:
    """Raises BadInput where `folder` holds no run, DamagedRun where its description can't be read."""
    path = folder / FILE
    if not path.is_file():
        raise BadInput(f"{folder}: holds no run ({FILE} is missing); `pelagos list` shows the project's runs")
    try:
        return RunFile.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        raise DamagedRun(f"{path}: can't be read: {error.errors()[0]['msg']}") from None


def free(folder: Path, digest: str) -> None:
    """Raises BadInput unless a new run of the task `digest` can be made in `folder`."""
    _check_name(folder.absolute())
    with _placing(folder):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    if not (folder / FILE).is_file():
        raise BadInput(f"{folder}: is not empty and holds no run: name another --run-dir")
    if json.loads((folder / FILE).read_text("utf-8")).get("digest") != digest:
        raise BadInput(
            f"{folder}: is a run of another task (or of another version of this one): name another --run-dir"
        )
    raise BadInput(
        f"{folder}: already holds a run of this task: go on with `pelagos resume {shlex.quote(str(folder))}`"
    )


def _check_name(folder: Path) -> None:
    """A run's record is text, and so are the paths in it."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        shown = str(folder).encode("utf-8", "backslashreplace").decode()
        raise BadInput(f"{shown}: this path isn't UTF-8 text: rename that folder, or name another --run-dir") from None
