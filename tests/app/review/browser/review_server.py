"""The real `pelagos review` in a process of its own, which can be killed and started again at the same address."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[4]
START_S = 60.0
ADDRESS = re.compile(rb"http://\S+")


class ReviewServer:
    """Serves all runs of `project`. `url` lets a browser in, `origin` is the server's address without a token."""

    def __init__(self, project: Path) -> None:
        self.project, self.port = project, 0
        self.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, at the former port if there was one, and wait until it has printed its address."""
        command = [sys.executable, "-m", "app.main", "review", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            cwd=self.project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.url = self._read_address()
        self.port = urlsplit(self.url).port or 0

    def kill(self) -> None:
        """Kill it without a warning, as a crash would."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read_address(self) -> str:
        assert self.process.stdout is not None
        handle, printed, deadline = self.process.stdout.fileno(), b"", time.monotonic() + START_S
        while time.monotonic() < deadline:
            if select.select([handle], [], [], 0.2)[0]:
                chunk = os.read(handle, 4096)
                if not chunk:
                    break
                printed += chunk
            found = ADDRESS.search(printed)
            if found and b"\n" in printed:
                return found[0].decode()
        self.kill()
        raise AssertionError(f"pelagos review printed no address: {printed.decode(errors='replace')}")
