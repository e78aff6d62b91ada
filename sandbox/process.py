"""One supervised process tree: start it behind a gate, stream what it prints, hold its time, kill all of it.

Nothing runs between fork and exec in this process: control groups are entered by a small shell, so that starting
a run is safe and cheap in a program with many threads and gigabytes of memory.
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
from sandbox.flow import Flow
from sandbox.log import BoundedLog

TICK = 0.02
START_LIMIT = 60.0
_READY = b"pelagos:ready\n"

# Enters the groups named before `--`, then becomes the command.
_ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'
# Says that everything around it stands, waits for the word, then becomes the command. Where the word never comes,
# since we died, it doesn't.
GATE = ("/bin/sh", "-c", 'echo pelagos:ready; read -r _ || exit 125; exec "$@" </dev/null', "gate")


@dataclass(frozen=True)
class Ending:
    """How the program ended. `exit_code` is negative for a signal, where its parent said so (sandbox/first.py in a
    jail). `stopped` is why we killed it: `timeout`, a meter's word, or nothing."""

    exit_code: int
    stopped: str
    seconds: float
    cpu_seconds: float


class Tree:
    """A started command whose first program waits at the gate."""

    def __init__(self, command: Sequence[str], doors: Sequence[Path], pass_fds: Sequence[int], **where: object) -> None:
        enter = ["/bin/sh", "-c", _ENTER, "enter", *map(str, doors), "--", *command]
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

    def ready(self) -> None:
        """Wait until everything around the program stands. Raises SandboxError with what was printed if it doesn't."""
        seen = b""
        end = time.monotonic() + START_LIMIT
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while not seen.endswith(_READY):
                chunk = os.read(self._out, 4096) if selector.select(end - time.monotonic()) else b""
                if not chunk:
                    said = seen.decode(errors="replace").strip() or f"no sign of life within {START_LIMIT:g} s"
                    raise SandboxError(f"the sandbox can't start: {said}")
                seen += chunk

    def run(self, seconds: float, log: BoundedLog, sample: Callable[[], str], kill: Callable[[], None]) -> Ending:
        """Open the gate and see the tree through to its end, `seconds` of wall clock at most."""
        start = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
        self._process.stdin.close()
        stopped = self._watch(start + seconds, log, sample)
        took = time.monotonic() - start
        kill()
        self.kill()
        usage = self._reap()
        self._drain(log)
        return Ending(self._process.returncode, stopped, took, usage.ru_utime + usage.ru_stime)

    def kill(self) -> None:
        """Kill the first process and its session; safe to call twice."""
        if not self._reaped:
            for target in (self.pid, -self.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)

    def close(self) -> None:
        """Let go of everything, dead or alive."""
        self.kill()
        self._reap()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _watch(self, deadline: float, log: BoundedLog, sample: Callable[[], str]) -> str:
        end = os.pidfd_open(self.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(end, selectors.EVENT_READ)
                flow, next_look, silent = Flow(time.monotonic()), 0.0, False
                while True:
                    _listen(selector, self._out, not silent and flow.is_open(time.monotonic()))
                    ready = {key.fd for key, _ in selector.select(TICK)}
                    if self._out in ready:
                        flow.took(size := self._pump(log))
                        silent = not size
                    if (now := time.monotonic()) >= next_look or end in ready:
                        next_look = now + TICK
                        if stopped := sample():
                            return stopped
                    if end in ready:
                        return ""
                    if now > deadline:
                        return "timeout"
        finally:
            os.close(end)

    def _pump(self, log: BoundedLog) -> int:
        chunk = os.read(self._out, 1 << 16)
        log.feed(chunk)
        return len(chunk)

    def _drain(self, log: BoundedLog) -> None:
        """What is still in the pipe; a survivor that holds it open can't make us wait."""
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


def _listen(selector: selectors.BaseSelector, handle: int, wanted: bool) -> None:
    listening = handle in selector.get_map()
    if wanted and not listening:
        selector.register(handle, selectors.EVENT_READ)
    elif listening and not wanted:
        selector.unregister(handle)
