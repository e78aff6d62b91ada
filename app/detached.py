"""Starts a process in its own session that drives a run and outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOG = "run.log"


def spawn_drive(folder: Path, project: Path | None = None) -> subprocess.Popen[bytes]:
    """Return the process. Its output goes to the run's log. `project` is the folder it works in; default: this
    one."""
    command = [sys.executable, "-P", "-m", "app.main", "resume", str(folder.resolve())]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (folder / LOG).open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=environment,
            cwd=project,
        )
