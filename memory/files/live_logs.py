"""What running experiments print, line by line, for those who watch: one file each below the run's folder.

It is a copy that comes early and goes when the experiment ends. The experiment's fact holds its log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pelagos.disk_space import NO_SPACE_ERRNOS

FOLDER = "live"
TAIL_BYTES = 16_384


@dataclass(frozen=True)
class LiveLog:
    """`about` says which experiment it is, `began_at` when it began (seconds since 1970), `lines` are its newest."""

    about: Mapping[str, Any]
    began_at: float
    lines: list[str]


class LiveLogWriter:
    """Writes lines until one can't be written; `error` says why then. The caller bounds the lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: OSError | None = None

    def begin(self, about: Mapping[str, Any]) -> None:
        with self._noting_error():
            self.path.parent.mkdir(exist_ok=True)
            self.path.unlink(missing_ok=True)
        self.write(json.dumps({"about": dict(about), "began_at": time.time()}))

    def write(self, line: str) -> None:
        if self.error is None:
            with self._noting_error(), self.path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(f"{line}\n")

    def end(self) -> None:
        with self._noting_error():
            self.path.unlink(missing_ok=True)

    @contextmanager
    def _noting_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = error


@contextmanager
def write_live_log(
    run_folder: Path, name: str, about: Mapping[str, Any], say: Callable[[str], object]
) -> Iterator[Callable[[str], None]]:
    """Yield the function that takes the lines of a running experiment. `name` is the file's, `about` is JSON.

    Where a line can't be written the copy ends there, and the experiment goes on. The reason is said at the end; not
    that the disk is full: whatever is recorded next says that.
    """
    log = LiveLogWriter(run_folder / FOLDER / name)
    log.begin(about)
    try:
        yield log.write
    finally:
        log.end()
    if log.error is not None and log.error.errno not in NO_SPACE_ERRNOS:
        say(f"what experiments print can't be shown live: {log.error}")


def read_live_logs(run_folder: Path, most_lines: int) -> list[LiveLog]:
    """Return the logs of the experiments that are running, the oldest first, each with its newest lines."""
    logs = []
    for path in (run_folder / FOLDER).glob("*"):
        with suppress(
            FileNotFoundError, ValueError, KeyError, TypeError
        ):  # it has ended, or its first line isn't whole
            logs.append(_read(path, most_lines))
    return sorted(logs, key=lambda log: log.began_at)


def remove_live_logs(run_folder: Path) -> None:
    """Remove what a process left that was killed. Only the process that drives the run may call it."""
    for path in (run_folder / FOLDER).glob("*"):
        path.unlink(missing_ok=True)


def _read(path: Path, most_lines: int) -> LiveLog:
    with path.open("rb") as file:
        head = json.loads(file.readline(TAIL_BYTES))
        begin = file.tell()
        file.seek(0, 2)
        end = file.tell()
        file.seek(max(begin, end - TAIL_BYTES))
        text = file.read(TAIL_BYTES).decode("utf-8", "replace")
    lines = text.split("\n")
    whole = lines[1:-1] if end - TAIL_BYTES > begin else lines[:-1]
    return LiveLog(dict(head["about"]), float(head["began_at"]), whole[-most_lines:])
