"""Runs inside a container as its first process: places files, runs the program, forwards its output, and sends back
its files. Its source is sent on standard input, so a container needs nothing of Pelagos on its disk.

The program has the same uid but can't touch this process: it isn't dumpable (no /proc/1/fd, no ptrace), and signals
from inside don't reach the first process of a pid namespace. So its reports are as reliable as the kernel; still, the
engine and the controller outside enforce the limits.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import resource
import select
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.backends.docker import frames
from sandbox.collect import collect_files, place_files
from sandbox.limits import seccomp
from sandbox.limits.read_rate import ReadRate

_DUMPABLE = 4
_POLL_S = 0.05
_CHUNK = 1 << 16


def main(home: str) -> None:
    """Serve the controller until it closes the connection. `home` is the work folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "the supervisor can't hide from what it supervises")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python's own handler would let the program interrupt us
    _Supervisor(libc, home).serve()


class _Supervisor:
    def __init__(self, libc: Any, home: str) -> None:
        self._libc = libc
        os.chdir(home)
        self._folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)

    def serve(self) -> None:
        for kind, content in _read_frames():
            if kind == frames.FILE:
                name, data = frames.parse_file(content)
                place_files(self._folder, {name: data}, None)
            elif kind == frames.START:
                self._run(json.loads(content))

    def _run(self, orders: dict[str, Any]) -> None:
        disk = _Disk([os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in orders["temporary"]])
        filter_ = base64.b64decode(orders["filter"])
        if filter_:
            seccomp.install_filter(filter_)
        child, output = self._start(orders)
        _send(frames.json_frame(frames.READY))
        self._pump(child, output, disk)
        _kill_all()
        status, usage = _reap(child)
        self._drain(output)
        disk.check()
        cpu = usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        _send(frames.json_frame(frames.ENDED, exit_code=code, full=disk.full, peak_disk=disk.peak, cpu_seconds=cpu))
        self._hand_over(orders["collect"])

    def _start(self, orders: dict[str, Any]) -> tuple[int, int]:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child:
            os.close(write_end)
            return child, read_end
        try:
            os.setsid()
            self._libc.prctl(_DUMPABLE, 1, 0, 0, 0)  # otherwise it could not read its own /proc entries
            _exec(orders, write_end)
        except BaseException as error:  # border: the child must never run the supervisor's own code any further
            os.write(write_end, f"{orders['argv'][0]}: {error}\n".encode())
        os._exit(127)

    def _pump(self, child: int, output: int, disk: _Disk) -> None:
        """Forward the output of the program until it ends or the controller stops it."""
        end_fd = os.pidfd_open(child)
        rate, silent = ReadRate(time.monotonic()), False
        try:
            while True:
                listening = not silent and rate.allows_read(time.monotonic())
                ready = select.select([end_fd, 0, *([output] if listening else [])], [], [], _POLL_S)[0]
                disk.check()
                if output in ready:
                    rate.count(size := _forward(output))
                    silent = not size
                if end_fd in ready:
                    return
                if 0 in ready:  # the only message while it runs is to stop; a closed pipe means the same
                    os.read(0, _CHUNK)
                    return
        finally:
            os.close(end_fd)

    def _drain(self, output: int) -> None:
        os.set_blocking(output, False)
        try:
            while _forward(output):
                pass
        except BlockingIOError:
            pass
        os.close(output)

    def _hand_over(self, wanted: dict[str, int]) -> None:
        for name, cap in wanted.items():  # one at a time: together they may be larger than the memory limit
            files, refused = collect_files(self._folder, {name: cap})
            for path, content in files.items():
                _send(frames.file_frame(frames.CONTENT, path, content))
            if refused:
                _send(frames.json_frame(frames.REFUSED, **refused))
        _send(frames.json_frame(frames.DONE))


class _Disk:
    """Its temporary file systems: whether one was seen full, and the most bytes that they held together."""

    def __init__(self, folders: Sequence[int]) -> None:
        self._folders = folders
        self.full, self.peak = False, 0

    def check(self) -> None:
        states = [os.fstatvfs(folder) for folder in self._folders]
        self.full = self.full or any(0 in (state.f_bfree, state.f_ffree) for state in states)
        self.peak = max(self.peak, sum((state.f_blocks - state.f_bfree) * state.f_frsize for state in states))


def _exec(orders: dict[str, Any], output: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for handle in (1, 2):
        os.dup2(output, handle)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.closerange(3, 4096)
    for name, value in orders["rlimits"].items():
        kind = getattr(resource, name)
        resource.setrlimit(kind, (value, min(value, resource.getrlimit(kind)[1]) if _bounded(kind) else value))
    with open("/proc/self/oom_score_adj", "w") as mark:  # noqa: PTH123  the program is killed first, not its supervisor
        mark.write("1000")
    os.execvpe(orders["argv"][0], orders["argv"], orders["env"])  # noqa: S606


def _bounded(kind: int) -> bool:
    return resource.getrlimit(kind)[1] != resource.RLIM_INFINITY


def _read_frames() -> Iterator[tuple[bytes, bytes]]:
    reader = frames.Reader()
    while data := os.read(0, _CHUNK):
        yield from reader.feed(data)


def _forward(output: int) -> int:
    data = os.read(output, _CHUNK)
    if data:
        _send(frames.make_frame(frames.LOG, data))
    return len(data)


def _send(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _kill_all() -> None:
    """Kill every other process in the pid namespace."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return


def _reap(child: int) -> tuple[int, resource.struct_rusage]:
    """Reap all processes and return the child's status and usage. New processes may have appeared meanwhile, so kill
    again."""
    _, status, usage = os.wait4(child, 0)
    while True:
        _kill_all()
        try:
            os.wait()
        except ChildProcessError:
            return status, usage
