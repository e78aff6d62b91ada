"""Runs inside the sandbox, beside the runner: notes what a program touches outside its places. Standard library only.

Python's audit events tell of it (PEP 578). Only what the program's own code asks for counts: libraries read many
files. It's written in the process that runs untrusted code: signs speak against a program, their absence for nothing.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ELSEWHERE = re.compile(r"/(proc|sys|etc|home|root|usr|var|mnt|opt|run|lib|lib64|bin|sbin|srv|media|boot)/\S")
HARMLESS = re.compile(
    r"/proc/(cpuinfo|meminfo|loadavg|stat|self/(status|statm|stat))|/sys/(fs/cgroup|devices/system)/.*"
)
PATHS = frozenset({"open", "os.listdir", "os.scandir"})
LIBRARY = (str(Path(os.__file__).parent) + os.sep, "<frozen")
MOST = 20


def watch(own: Callable[[str], str]) -> list[str]:
    """The list that signs are added to. `own(file)` is true for the program's own files."""
    signs: list[str] = []
    inside = (str(Path.cwd()), sys.prefix, sys.base_prefix, *(path for path in sys.path if path.startswith("/")))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        sign = ""
        if event in PATHS and arguments and isinstance(arguments[0], str):
            sign = _path(event, arguments[0], inside)
        elif event == "socket.connect":
            sign = "connected to the network"
        if sign and sign not in signs and len(signs) < MOST and _asked_by(own):
            signs.append(sign)

    sys.addaudithook(hook)
    return signs


def _path(event: str, path: str, inside: tuple[str, ...]) -> str:
    full = path if path.startswith("/") else os.path.abspath(path)  # noqa: PTH100 - it must not raise, or touch the disk
    if full == "/":
        return "listed the root of the file system"
    if HARMLESS.fullmatch(full) or not ELSEWHERE.match(full) or full.startswith(inside):
        return ""
    return f"{'opened' if event == 'open' else 'listed'} {full[:200]}"


def _asked_by(own: Callable[[str], str]) -> bool:
    """Whether the nearest frame outside the standard library is the program's own."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(LIBRARY) or "-packages" in name:
            return bool(own(name))
        frame = frame.f_back  # type: ignore[assignment]
    return False
