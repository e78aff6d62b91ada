"""What `pelagos run`, `pelagos resume` and the review page share: options as settings, and runs in the background."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

LOG = "run.log"


class Detached(NamedTuple):
    """A process that drives a run by itself; `log` is the file that it writes what it prints to."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid


def start_detached(folder: Path, project: Path | None = None) -> Detached:
    """Start a process in its own session that drives the run and outlives this one. `project` is the folder that it
    works in, by default the current one."""
    command, log = [sys.executable, "-P", "-m", "app.main", "resume", str(folder.absolute())], folder / LOG
    with log.open("ab") as out:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            cwd=project,
        )
    threading.Thread(target=child.wait, daemon=True).start()  # a server that lives longer leaves no zombie
    return Detached(child, log)


def make_caps(hours: float | None, experiments: int | None, usd: float | None, tokens: int | None) -> dict[str, Any]:
    seconds = hours * 3600 if hours is not None else None
    return {"seconds": seconds, "usd": usd, "experiments": experiments, "tokens": tokens}


def drop_absent(options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the options that were given, without empty sections."""
    given = {
        name: {key: value for key, value in section.items() if value is not None} for name, section in options.items()
    }
    return {name: section for name, section in given.items() if section}
