"""Creates and reads run folders. `run.json` describes the launch: settings, task and package versions.

The task is copied in, so that a run is self-contained. A folder is written whole or not at all: it is made beside its
place and moved there. It describes nothing that changes later: that is in the ledger.
"""

from __future__ import annotations

import contextlib
import errno
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.setup.packages import installed_versions
from agents.setup.task_copy import RUN_FILE, copy_task
from pelagos import __version__
from pelagos.disk_space import NO_SPACE_ERRNOS
from pelagos.errors import BadInput, DamagedRun
from pelagos.settings import Settings
from tools.functions.drop_ins import copy_drop_ins, find_drop_ins
from tools.toolchain import Task

FILE = RUN_FILE
TASK = "task"
TOOLS = "tools"
LEDGER = "ledger.db"
DRIVERS = {"notify", "mcpServers", "external"}
"""Settings of whoever drives a run, which no run folder holds: it must start no command."""


class RunFile(BaseModel):
    """The content of `run.json`. `digest` is the task's; `project` is the folder of the bank; `tools` are the project's
    drop-ins, name of the copy -> SHA-256."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pelagos: str
    task: str
    toolchain: str
    digest: str
    project: str
    settings: dict[str, Any]
    versions: dict[str, str]
    tools: dict[str, str] = {}

    def resolved(self) -> Settings:
        """Raises BadInput for settings of another version that this one can't read."""
        try:
            return Settings(**self.settings)
        except ValidationError as error:
            first = error.errors()[0]
            fault = f"{FILE}: settings: {'.'.join(map(str, first['loc']))}: {first['msg'][0].lower()}{first['msg'][1:]}"
            versions = f"Pelagos {self.pelagos}, this is {__version__}"
            raise BadInput(f"{fault}; another version of Pelagos wrote it ({versions}): use that one") from None

    def settings_in(self, project: Path) -> Settings:
        """Return the settings with their files' paths resolved in `project`, which may have been moved since."""
        settings = self.resolved()
        if settings.survey.corpus is not None:
            settings.survey.corpus = self._place_in_project(settings.survey.corpus, project)
        settings.knowhow = [self._place_in_project(folder, project) for folder in settings.knowhow]
        if settings.models.prices is not None:
            settings.models.prices = self._place_in_project(settings.models.prices, project)
        if settings.literature.cache is not None:
            settings.literature.cache = self._place_in_project(settings.literature.cache, project)
        return settings

    def _place_in_project(self, path: Path, project: Path) -> Path:
        inside = path.is_absolute() and path.is_relative_to(self.project) and not path.exists()
        return project / (path.relative_to(self.project) if inside else path)


def new_folder(runs: Path, task: str) -> Path:
    """Return a new path for a run that is launched now; the second run of the same second gets a number."""
    plain = runs / f"{task}-{time.strftime('%Y%m%d-%H%M%S')}"
    numbered = (plain.with_name(f"{plain.name}-{number:02}") for number in count(2))
    with _folder_errors(plain):
        return next(folder for folder in chain([plain], numbered) if not folder.exists())


def create(
    folder: Path, project: Path, task: Task, settings: Settings, fill: Callable[[Path], None] | None = None
) -> bool:
    """Create `folder` atomically. `fill` is given the folder before it is moved to its place, to add files. Returns
    False if `folder` exists and isn't empty; then nothing was changed."""
    partial = folder.with_name(f".{folder.name}.new-{uuid4().hex[:12]}")
    with _folder_errors(folder):
        partial.mkdir(parents=True)
    try:
        copy_task(task, partial / TASK)
        description = RunFile(
            pelagos=__version__,
            task=task.name,
            toolchain=task.toolchain,
            digest=task.digest,
            project=str(project.resolve()),
            settings=settings.model_dump(mode="json", exclude=DRIVERS),
            versions=installed_versions(partial / TASK),
            tools=copy_drop_ins(find_drop_ins(project, settings.tools), partial / TOOLS),
        )
        (partial / FILE).write_text(description.model_dump_json(indent=2) + "\n", "utf-8")
        if fill is not None:
            fill(partial)
        return _move_into_place(partial, folder)
    except BaseException:
        shutil.rmtree(partial)
        raise


def _move_into_place(partial: Path, folder: Path) -> bool:
    """Rename the folder, False if the target isn't empty. The kernel replaces an empty folder only, so of two
    processes one succeeds."""
    try:
        partial.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(partial)
        return False
    return True


@contextlib.contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    """Turn the errors of making or reading a folder into BadInput; those of a full disk pass."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE_ERRNOS:
            raise
        raise BadInput(f"{folder}: can't be made: {error.strerror}: name another place by --run-dir") from None


def read(folder: Path) -> RunFile:
    """Read a run's description. Raises BadInput if `folder` holds no run, DamagedRun if it can't be read."""
    path = folder / FILE
    if not path.is_file():
        raise BadInput(f"{folder}: holds no run ({FILE} is missing); `pelagos list` shows the project's runs")
    try:
        return RunFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DamagedRun(f"{path}: can't be read: {error.errors()[0]['msg']}") from None


def check_free(folder: Path, digest: str) -> None:
    """Raises BadInput unless a new run of the task with this digest can be created in `folder`."""
    _check_name(folder.absolute())
    with _folder_errors(folder):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    if not (folder / FILE).is_file():
        raise BadInput(f"{folder}: is not empty and holds no run: name another --run-dir")
    try:
        is_same_task = read(folder).digest == digest
    except DamagedRun as error:
        raise BadInput(f"{error}: name another --run-dir") from None
    if not is_same_task:
        raise BadInput(
            f"{folder}: is a run of another task (or of another version of this one): name another --run-dir"
        )
    raise BadInput(
        f"{folder}: already holds a run of this task: go on with `pelagos resume {shlex.quote(str(folder))}`"
    )


def _check_name(folder: Path) -> None:
    """Raises BadInput for a path that isn't UTF-8: a run's record is text and contains it."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        readable = str(folder).encode("utf-8", "backslashreplace").decode()
        fault = "this path isn't UTF-8 text: rename that folder, or name another --run-dir"
        raise BadInput(f"{readable}: {fault}") from None
