"""One supervised process tree: start it behind a gate, stream its output, enforce its time, kill all of it.

No code of this process runs between fork and exec: a small shell enters the control groups, so that starting a run is
safe and cheap in a program with many threads and gigabytes of memory.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import SandboxError
from sandbox.limits.read_rate import ReadRate
from sandbox.log import BoundedLog

POLL_S = 0.02
START_LIMIT_S = 60.0
_READY_LINE = b"pelagos:ready\n"

# Enters the groups named before `--`, then executes the command.
_ENTER_GROUPS = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'
# Reports that everything around it is ready, waits for a line, then executes the command. If this process dies, no line
# comes and the command is not executed.
START_GATE = ("/bin/sh", "-c", 'echo pelagos:ready; read -r _ || exit 125; exec "$@" </dev/null', "gate")


@dataclass(frozen=True)
class ProcessEnd:
    """How the program ended. `exit_code` is negative for a signal where its parent reported it
    (sandbox/backends/jail_parent.py in a jail). `stopped` is why it was killed: `timeout`, a meter's reason, or
    empty."""

    exit_code: int
    stopped: str
    seconds: float
    cpu_seconds: float


class ProcessTree:
    """A started command whose first program waits at the gate."""

    def __init__(
        self, command: Sequence[str], procs_files: Sequence[Path], pass_fds: Sequence[int], **where: object
    ) -> None:
        enter = ["/bin/sh", "-c", _ENTER_GROUPS, "enter", *map(str, procs_files), "--", *command]
        self._process = subprocess.Popen(  # type: ignore[call-overload]
            enter,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
            start_new_session=True,
            bufsize=0,
            **({"env": {}} | where),
        )
        self.pid: int = self._process.pid
        self._out: int = self._process.stdout.fileno()
        self._reaped = False

    def wait_ready(self) -> None:
        """Wait until the program is at the gate. Raises SandboxError with the output where it doesn't get there."""
        output = b""
        end = time.monotonic() + START_LIMIT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while not output.endswith(_READY_LINE):
                chunk = os.read(self._out, 4096) if selector.select(end - time.monotonic()) else b""
                if not chunk:
                    message = output.decode(errors="replace").strip() or f"no sign of life within {START_LIMIT_S:g} s"
                    raise SandboxError(f"the sandbox can't start: {message}")
                output += chunk

    def run(self, seconds: float, log: BoundedLog, sample: Callable[[], str], kill: Callable[[], None]) -> ProcessEnd:
        """Open the gate and supervise the tree until its end, for at most `seconds` of wall clock."""
        start = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
        self._process.stdin.close()
        stopped = self._watch(start + seconds, log, sample)
        duration = time.monotonic() - start
        kill()
        self.kill()
        usage = self._reap()
        self._drain(log)
        return ProcessEnd(self._process.returncode, stopped, duration, usage.ru_utime + usage.ru_stime)

    def kill(self) -> None:
        """Kill the first process and its session; safe to call twice."""
        if not self._reaped:
            for target in (self.pid, -self.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)

    def close(self) -> None:
        """Kill what is alive and release all resources."""
        self.kill()
        self._reap()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _watch(self, deadline: float, log: BoundedLog, sample: Callable[[], str]) -> str:
        end_fd = os.pidfd_open(self.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(end_fd, selectors.EVENT_READ)
                rate, next_sample, silent = ReadRate(time.monotonic()), 0.0, False
                while True:
                    _set_listening(selector, self._out, not silent and rate.allows_read(time.monotonic()))
                    ready = {key.fd for key, _ in selector.select(POLL_S)}
                    if self._out in ready:
                        rate.count(size := self._pump(log))
                        silent = not size
                    if (now := time.monotonic()) >= next_sample or end_fd in ready:
                        next_sample = now + POLL_S
                        if stopped := sample():
                            return stopped
                    if end_fd in ready:
                        return ""
                    if now > deadline:
                        return "timeout"
        finally:
            os.close(end_fd)

    def _pump(self, log: BoundedLog) -> int:
        chunk = os.read(self._out, 1 << 16)
        log.feed(chunk)
        return len(chunk)

    def _drain(self, log: BoundedLog) -> None:
        """Read what is still in the pipe; a surviving process that holds it open can't block this."""
        os.set_blocking(self._out, False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(1024):
                if not self._pump(log):
                    return

    def _reap(self) -> resource.struct_rusage:
        if not self._reaped:
            _, status, self._usage = os.wait4(self.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._reaped = True
        return self._usage


def _set_listening(selector: selectors.BaseSelector, handle: int, wanted: bool) -> None:
    listening = handle in selector.get_map()
    if wanted and not listening:
        selector.register(handle, selectors.EVENT_READ)
    elif listening and not wanted:
        selector.unregister(handle)
