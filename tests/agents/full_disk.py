"""A disk that is full for one place in our code. A Python audit hook finds the places while the run writes: it sees
every file that is opened for writing, and every folder, link and rename."""

from __future__ import annotations

import errno
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = tuple(f"{ROOT}/{room}/" for room in ("agents", "app", "memory", "pelagos", "sandbox", "tools"))
SHARED = {"write_whole", "copy_task", "_copy_named", "_copy_folder"}  # named by who asks for them
MADE = ("os.mkdir", "os.rename", "os.link", "os.symlink")

_on_write: Callable[[str, str], None] | None = None


@contextmanager
def watch_writes(place: str = "", times: float = 0) -> Iterator[Counter[str]]:
    """Count how often each place writes. The first `times` writes at `place` find no room."""
    global _on_write
    seen = Counter[str]()

    def refuse_or_count(name: str, path: str) -> None:
        seen[name] += 1
        if name == place and seen[name] <= times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    _install_hook()
    _on_write = refuse_or_count
    try:
        yield seen
    finally:
        _on_write = None


def _install_hook(done: list[bool] = []) -> None:  # noqa: B006  once in a process: a hook can't be taken away
    if not done:
        sys.addaudithook(_audit)
        done.append(True)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _on_write is None or not (event in MADE or (event == "open" and args[2] & os.O_CREAT)):
        return
    if isinstance(args[0], int):
        return
    path = os.fsdecode(args[0])
    if event == "os.mkdir" and os.path.isdir(path):  # mkdir is called whether the folder exists or not
        return
    ours = path.startswith("/dev/shm/") or not path.startswith(("/dev/", "/proc/", "/sys/"))
    if ours and (name := _find_place(sys._getframe(1))):
        _on_write(name, path)


def _find_place(frame: FrameType | None) -> str:
    """Return `file:function` of our innermost caller, "" if a test writes or none of our code."""
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if file.startswith(ROOMS) and function not in SHARED:
            return f"{file.removeprefix(f'{ROOT}/')}:{function}"
        if file.startswith(f"{ROOT}/tests/") and file != __file__:
            return ""
        frame = frame.f_back
    return ""
