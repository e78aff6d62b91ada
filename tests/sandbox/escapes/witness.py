"""What the host prepares before a hostile program runs, and what it checks afterwards, from outside."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pelagos

_SETTINGS = ("core_pattern", "modprobe", "hostname", "randomize_va_space")
_PATIENCE = 3.0


class Host:
    """Bait of every kind in `folder`, which everybody may enter. `breaches` says what was touched, in words."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.token, self.serial = secrets.token_hex(16), 0
        folder.chmod(0o755)
        self.secret, self.open, self.shown = folder / "secret.txt", folder / "open", folder / "shown"
        self.secret.write_text(self.token)
        self.secret.chmod(0o644)
        self.open.mkdir()
        self.open.chmod(0o777)
        self.shown.mkdir()
        (self.shown / "data.txt").write_text("as it was")
        self._before = self._shown_state()
        self._settings = _settings()
        self._clock = time.time() - time.monotonic()
        self.abstract = f"pelagos-escape-{self.token[:8]}"
        self._tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._hidden = stack.enter_context(socket.socket(socket.AF_UNIX))
        self._hidden.bind("\0" + self.abstract)
        self._named = stack.enter_context(socket.socket(socket.AF_UNIX))
        self._named.bind(str(self.open / "socket"))
        (self.open / "socket").chmod(0o777)
        for listener in (self._hidden, self._named):
            listener.listen()
        for one in (self._tcp, self._udp, self._hidden, self._named):
            one.setblocking(False)
        key = {"PELAGOS_ESCAPE_KEY": self.token}
        self._victim = subprocess.Popen(["sleep", "1000"], env=os.environ | key)
        stack.callback(self._victim.wait)
        stack.callback(self._victim.kill)

    def bait(self) -> dict[str, Any]:
        """For one program: `mark` is new each time."""
        self.serial += 1
        self.mark = f"escape-{self.token[:8]}-{self.serial}-"
        return {
            "secret": str(self.secret),
            "open": str(self.open),
            "project": str(Path(pelagos.__file__).resolve().parents[1]),
            "half": self.token[:16],
            "tcp": self._tcp.getsockname()[1],
            "udp": self._udp.getsockname()[1],
            "abstract": self.abstract,
            "socket": str(self.open / "socket"),
            "victim": self._victim.pid,
            "key": 0x50E10000,
            "mark": self.mark,
        }

    def breaches(self, log: str, patience: float = _PATIENCE) -> list[str]:
        """Everything that was touched since the last time. Whoever lives gets `patience` seconds to be gone."""
        seen = [line for line in log.splitlines() if line.startswith("ESCAPED")]
        seen += ["secret in the log"] if self.token in log else []
        seen += ["written in the open folder"] if {path.name for path in self.open.iterdir()} != {"socket"} else []
        seen += ["the data shown was changed"] if self._shown_state() != self._before else []
        seen += ["the kernel's settings were changed"] if _settings() != self._settings else []
        seen += ["the clock was set"] if abs(time.time() - time.monotonic() - self._clock) > 5 else []
        seen += ["a connection"] if _accepted(self._tcp) else []
        seen += ["an abstract connection"] if _accepted(self._hidden) else []
        seen += ["a connection by path"] if _accepted(self._named) else []
        seen += ["a datagram"] if _received(self._udp) else []
        seen += ["the bystander is dead"] if self._victim.poll() is not None else []
        seen += ["the bystander was stopped"] if _state(self._victim.pid) == "T" else []
        seen += ["a key was left"] if self.mark in _text("/proc/keys") else []
        seen += ["a shared segment was left"] if _segments(0x50E10000) else []
        return seen + [f"a survivor: {pid}" for pid in self._survivors(log, patience)]

    def restore(self) -> None:
        """After a control: everything as it was, nobody left."""
        for path in self.open.iterdir():
            if path.name != "socket":
                path.unlink()
        self._victim.send_signal(signal.SIGCONT)
        for pid in _carrying(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _survivors(self, log: str, patience: float) -> list[int]:
        """Host processes with the program's mark, or in the pid name space that it said it was in."""
        found = re.search(r"SPACE (pid:\[\d+\])", log)
        space = found[1] if found and found[1] != os.readlink("/proc/self/ns/pid") else "none"
        end = time.monotonic() + patience
        while left := _carrying(self.mark) + _within(space):
            if time.monotonic() > end and not all(map(_dying, left)):
                break
            time.sleep(0.05)
        return left

    def _shown_state(self) -> tuple[Any, ...]:
        file = self.shown / "data.txt"
        info = file.stat()
        return file.read_text(), info.st_mode, info.st_mtime, info.st_nlink, sorted(os.listdir(self.shown))


def _everybody() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid())


def _carrying(mark: str) -> list[int]:
    return [pid for pid in _everybody() if mark in _text(f"/proc/{pid}/cmdline")]


def _within(space: str) -> list[int]:
    inside = []
    for pid in _everybody():
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/pid") == space and _state(pid) not in "ZX":
                inside.append(pid)
    return inside


def _state(pid: int) -> str:
    return _text(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1][0] if _text(f"/proc/{pid}/stat") else "X"


def _dying(pid: int) -> bool:
    """Killed, but not yet gone: on a busy machine the kernel takes its time to free what such a process held."""
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    pending = re.findall(r"(?:Sig|Shd)Pnd:\s+(\w+)", _text(f"/proc/{pid}/status"))
    exiting = not fields or bool(int(fields[6]) & 0x4)  # PF_EXITING
    return exiting or any(int(mask, 16) >> (signal.SIGKILL - 1) & 1 for mask in pending)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _segments(key: int) -> bool:
    lines = _text("/proc/sysvipc/shm").splitlines()[1:]
    return any(key <= int(line.split()[0]) & 0xFFFFFFFF < key + 100 for line in lines)


def _settings() -> dict[str, str]:
    return {name: _text(f"/proc/sys/kernel/{name}") for name in _SETTINGS}


def _accepted(listener: socket.socket) -> int:
    """How many connections were waiting; none is left."""
    for number in itertools.count():
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError


def _received(receiver: socket.socket) -> int:
    for number in itertools.count():
        try:
            receiver.recv(100)
        except BlockingIOError:
            return number
    raise AssertionError


@contextlib.contextmanager
def host(folder: Path) -> Iterator[Host]:
    with contextlib.ExitStack() as stack:
        yield Host(folder, stack)
