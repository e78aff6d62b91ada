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

FOLDER = "live"
TAIL_BYTES = 16_384


@dataclass(frozen=True)
class LiveLog:
    """`about` says which experiment it is, `began_at` when it began (seconds since 1970), `lines` are its newest."""

    about: Mapping[str, Any]
    began_at: float
    lines: list[str]


@contextmanager
def write_live_log(run_folder: Path, name: str, about: Mapping[str, Any]) -> Iterator[Callable[[str], None]]:
    """Yield the function that takes the lines of a running experiment. `name` is the file's, `about` is JSON.

    Where a line can't be written, as on a full disk, the copy ends there and the experiment goes on: the write of its
    fact says what is wrong. The caller bounds the lines.
    """
    path = run_folder / FOLDER / name
    broken = False

    def tell(line: str) -> None:
        nonlocal broken
        if broken:
            return
        try:
            with path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(f"{line}\n")
        except OSError:
            broken = True

    try:
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
    except OSError:
        broken = True
    tell(json.dumps({"about": dict(about), "began_at": time.time()}))
    try:
        yield tell
    finally:
        with suppress(OSError):  # a drive begins with removing what is left
            path.unlink(missing_ok=True)


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
