"""The project that the MCP server shows: its runs by name, the permission to change it, and the runs it started."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from app.launches import LOG, Detached, start_detached
from app.record import folders
from app.record.record import Record
from memory.files.run_lock import lock_holder
from pelagos.errors import BadInput

MAX_DRIVES = 4
"""Runs in progress that one server started."""
BEGIN_S, POLL_S = 30.0, 0.1
LOG_CHARS = 1000


class Project:
    """Thread-safe. `writable`: whether runs may be started and decisions made."""

    def __init__(self, folder: Path, writable: bool) -> None:
        self.folder, self.writable = folder.resolve(), writable
        self._drives: list[Detached] = []
        self._lock = threading.Lock()

    def find_run(self, name: str) -> Path:
        """Return the folder of one of the project's runs. Raises BadInput: other places are not read."""
        known = {folder.name: folder for folder in reversed(folders.list_all_run_folders(self.folder))}
        if name in known:
            return known[name]
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(list(known)[:20]) or 'none yet'}"
        raise BadInput(f"run '{name[:200]}': no run of this project; {hint}")

    def read_record(self, name: str) -> Record:
        return folders.read_record(self.find_run(name))

    def check_writable(self, what: str) -> None:
        """Raises BadInput where the server only reads."""
        if not self.writable:
            raise BadInput(f"{what}: this server only reads: whoever started it must add --allow-write")

    def start(self, make_run: Callable[[], Path]) -> tuple[Path, int]:
        """Make a run folder and drive it in a process of its own. Returns both. Raises BadInput where too many runs are
        in progress, and what `make_run` raises."""
        with self._lock:
            self._drives = [drive for drive in self._drives if drive.process.poll() is None]
            if len(self._drives) >= MAX_DRIVES:
                raise BadInput(f"{MAX_DRIVES} runs that this server started are in progress: wait until one has ended")
            folder = make_run()
            drive = start_detached(folder, self.folder)
            self._drives.append(drive)
        _wait_until_driven(folder, drive)
        return folder, drive.pid


def _wait_until_driven(folder: Path, drive: Detached) -> None:
    """Wait until the process drives the run or has ended, so that `status` never says of a new run that it stopped.
    Raises BadInput with the end of its log where it ended before it began."""
    until = time.monotonic() + BEGIN_S
    while drive.process.poll() is None and time.monotonic() < until:
        if (folder / folders.LEDGER).is_file() and lock_holder(folder) is not None:
            return
        time.sleep(POLL_S)
    if drive.process.poll() and not (folder / folders.LEDGER).is_file():
        log = (folder / LOG).read_text("utf-8", "replace")[-LOG_CHARS:]
        raise BadInput(f"run {folder.name}: did not begin (exit code {drive.process.returncode}): {log.strip()}")
