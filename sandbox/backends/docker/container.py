"""Runs one container from creation to removal: the supervisor is sent to its standard input, frames come back.

No path of the engine's machine is written and no archive is exchanged: results come in frames, which are treated as
hostile all the same. Time limits are enforced here; the engine enforces the others.
"""

from __future__ import annotations

import base64
import contextlib
import selectors
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pelagos.errors import SandboxError
from sandbox.backends.docker import frames
from sandbox.backends.docker.container_meter import ContainerMeter
from sandbox.backends.docker.engine import EngineDied, is_alive, translate_engine_errors
from sandbox.backends.mounts import HOME, TEMPORARY, TMP
from sandbox.border.ending import read_ended, read_refused
from sandbox.border.reading import Invalid
from sandbox.host import host_view
from sandbox.host.process import POLL_S, START_LIMIT_S, ProcessEnd
from sandbox.limits import seccomp
from sandbox.limits.meter import MB, Counters
from sandbox.log import BoundedLog
from sandbox.protocol import Spec

_STOP_LIMIT_S = 10.0
_MODULES = (
    "pelagos.errors",
    "sandbox.backends.docker.frames",
    "sandbox.limits.seccomp",
    "sandbox.collect",
    "sandbox.limits.read_rate",
    "sandbox.backends.docker.supervisor",
)
_STREAM_HEADER = 8
_STDOUT, _STDERR = 1, 2
T = TypeVar("T")


class Container:
    """A started container whose supervisor waits for frames."""

    def __init__(self, client: Any, options: dict[str, Any], image: str) -> None:
        with translate_engine_errors():
            self._container = client.containers.create(image, **options)
            self._attached = client.api.attach_socket(
                self._container.id, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            self._container.start()
            self._container.reload()
            self._channel = _Channel(getattr(self._attached, "_sock", self._attached))
            self.meter = ContainerMeter(
                self._container, int(self._container.attrs["State"]["Pid"]), options["mem_limit"]
            )
        self._files: dict[str, bytes] = {}
        self._refused: dict[str, str] = {}
        self.full, self.peak_disk = False, 0
        self._next_sample = 0.0

    def run(self, spec: Spec, log: BoundedLog, sample: Callable[[], str]) -> tuple[ProcessEnd, Counters]:
        """Send the program, supervise it until its end, and receive what it made. `sample` returns why it must be
        killed now.

        Raises EngineDied, SandboxError.
        """
        with translate_engine_errors():
            self._send_program(spec)
        self._await_start()
        start = time.monotonic()
        end, stopped = self._watch(log, start + spec.limits.seconds, sample)
        duration = time.monotonic() - start
        with translate_engine_errors():
            counters = self.meter.counters(0 if stopped else end["exit_code"])
        return ProcessEnd(end["exit_code"], stopped, duration, end["cpu_seconds"]), counters

    def files(self, spec: Spec) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the received files and, for the rest, the reason; no file that was not requested or is too large."""
        files = {name: content for name, content in self._files.items() if len(content) <= spec.collect.get(name, -1)}
        missing = {name: "missing" for name in spec.collect if name not in files}
        return files, missing | {name: why for name, why in self._refused.items() if name in missing}

    def remove(self) -> None:
        """Kill its processes and remove it. Raises EngineDied; the processes are dead all the same."""
        self.meter.kill()
        with contextlib.suppress(OSError):
            self._attached.close()
        end = time.monotonic() + _STOP_LIMIT_S
        while (busy := _try_remove(self._container)) and time.monotonic() < end:
            time.sleep(POLL_S)
        if busy:
            raise EngineDied(busy)

    def _send_program(self, spec: Spec) -> None:
        boot = _boot_program().encode()
        self._channel.send(len(boot).to_bytes(4, "big") + boot)
        for name, content in spec.files.items():
            self._channel.send(frames.file_frame(frames.FILE, name, content))
        argv = [*spec.argv]
        if argv[0] == "python":
            argv = host_view.resolve_python(argv)
        environment = host_view.build_environment(spec.limits.cpus, HOME, TMP) | dict(spec.env)
        orders = {
            "argv": argv,
            "env": environment,
            "collect": dict(spec.collect),
            "temporary": TEMPORARY,
            "rlimits": {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": spec.limits.disk_mb * MB, "RLIMIT_NOFILE": 4096},
            "filter": base64.b64encode(seccomp.build_filter()).decode(),
        }
        self._channel.send(frames.json_frame(frames.START, **orders))

    def _await_start(self) -> None:
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end and not self._channel.over:
            kind, _ = self._channel.receive(POLL_S)
            if kind == frames.READY:
                return
        message = self._channel.error_output() or f"no sign of life within {START_LIMIT_S:g} s"
        if self._engine_gone():
            raise EngineDied(message)
        raise SandboxError(f"the container can't start: {message}")

    def _watch(self, log: BoundedLog, deadline: float, sample: Callable[[], str]) -> tuple[dict[str, Any], str]:
        """Receive frames until the supervisor has sent everything or has failed. Return (how it ended, why it was
        stopped)."""
        end: dict[str, Any] = {}
        stopped = ""
        while True:
            kind, content = self._channel.receive(POLL_S)
            if kind == frames.LOG:
                log.feed(content)
            elif kind == frames.DONE:
                return end, stopped
            else:
                end |= self._handle(kind, content)
            if not end:
                self._sample()
            if not stopped and not end:
                stopped = sample() or ("timeout" if time.monotonic() > deadline else "")
                self._stop(bool(stopped))
            if (self._channel.over and not kind) or time.monotonic() > deadline + _STOP_LIMIT_S:
                return self._give_up(end, stopped)

    def _stop(self, now: bool) -> None:
        if now:
            with translate_engine_errors():
                self._channel.send(frames.make_frame(frames.STOP))

    def _sample(self) -> None:
        if (now := time.monotonic()) >= self._next_sample:
            self.meter.sample()
            self._next_sample = now + POLL_S

    def _handle(self, kind: bytes, content: bytes) -> dict[str, Any]:
        if kind == frames.ENDED:
            end = _require(read_ended(content))
            self.full, self.peak_disk = end.full, end.peak_disk
            return {"exit_code": end.exit_code, "cpu_seconds": end.cpu_seconds}
        if kind == frames.CONTENT:
            name, data = _parse_file(content)
            self._files[name] = data
        elif kind == frames.REFUSED:
            self._refused |= _require(read_refused(content))
        return {}

    def _give_up(self, end: dict[str, Any], stopped: str) -> tuple[dict[str, Any], str]:
        """Handle a silent supervisor: it was killed with all the rest, or the engine is gone."""
        if self._engine_gone():
            raise EngineDied(self._channel.error_output() or "the engine closed the connection")
        self.meter.kill()
        return {"exit_code": -9, "cpu_seconds": 0.0} | end, stopped

    def _engine_gone(self) -> bool:
        try:
            with translate_engine_errors():
                self._container.reload()
        except EngineDied:
            return True
        return False


def _require(answer: T | Invalid) -> T:
    if isinstance(answer, Invalid):
        raise SandboxError(f"the supervisor's answer can't be read: {answer.reason}")
    return answer


def _parse_file(content: bytes) -> tuple[str, bytes]:
    try:
        return frames.parse_file(content)
    except frames.Malformed as error:
        raise SandboxError(f"the supervisor's answer can't be read: {error}") from error


def _try_remove(container: Any) -> str:
    """Remove a container. Return '' where it is gone, else the message of a living engine that can't remove it now.
    Raises EngineDied."""
    import docker.errors

    try:
        with translate_engine_errors():
            container.remove(force=True)
    except docker.errors.NotFound:
        return ""
    except docker.errors.APIError as error:  # it is already being removed
        return str(error.explanation or error)
    except EngineDied as error:
        if not is_alive(container.client):
            raise
        return str(error)
    return ""


class _Channel:
    """The attached stream: the engine marks which of the container's outputs a chunk comes from."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._socket.settimeout(START_LIMIT_S)
        self._raw = bytearray()
        self._reader = frames.Reader()
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._errors = b""
        self.over = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(socket, selectors.EVENT_READ)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, seconds: float) -> tuple[bytes, bytes]:
        """Return the next frame, or an empty one where none comes within `seconds`; `over` is set at the end of the
        stream."""
        if not self._waiting and not self.over and self._selector.select(seconds):
            self._read()
        return self._waiting.popleft() if self._waiting else (b"", b"")

    def _read(self) -> None:
        try:
            data = self._socket.recv(1 << 18)
        except OSError:
            data = b""
        self.over = not data
        self._raw += data
        for stream, chunk in self._chunks():
            if stream == _STDERR:
                self._errors = (self._errors + chunk)[-2000:]
            elif stream == _STDOUT:
                self._waiting += self._parse_frames(chunk)

    def _parse_frames(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        try:
            return list(self._reader.feed(chunk))
        except frames.Malformed as error:
            raise SandboxError(f"the supervisor's answer can't be read: {error}") from error

    def error_output(self) -> str:
        """Return what the supervisor itself printed: always a fault of Pelagos or of the image."""
        return self._errors.decode(errors="replace").strip().replace("\n", " | ")[-500:]

    def _chunks(self) -> Iterator[tuple[int, bytes]]:
        while len(self._raw) >= _STREAM_HEADER:
            stream, size = struct.unpack(">BxxxL", self._raw[:_STREAM_HEADER])
            if len(self._raw) < _STREAM_HEADER + size:
                return
            chunk = bytes(self._raw[_STREAM_HEADER : _STREAM_HEADER + size])
            del self._raw[: _STREAM_HEADER + size]
            yield stream, chunk


def _package_names() -> list[str]:
    """Return the packages that hold these modules, outer ones first."""
    parts = [name.split(".") for name in _MODULES]
    return sorted({".".join(names[:depth]) for names in parts for depth in range(1, len(names))})


def _boot_program() -> str:
    """Return the modules as one program: each is registered under its name before the next is executed."""
    root = Path(__file__).parents[3]
    sources = [(name, (root / Path(*name.split("."))).with_suffix(".py").read_text("utf-8")) for name in _MODULES]
    lines = ["import sys, types", f"sources = {sources!r}", f"for name in {_package_names()!r}:"]
    lines += ["    sys.modules[name] = types.ModuleType(name)", "for name, source in sources:"]
    lines += ["    module = sys.modules[name] = types.ModuleType(name)"]
    lines += ["    setattr(sys.modules[name.rpartition('.')[0]], name.rpartition('.')[2], module)"]
    lines += [
        "    exec(compile(source, name, 'exec'), module.__dict__)",
        f"sys.modules['sandbox.backends.docker.supervisor'].main({HOME!r})",
    ]
    return "\n".join(lines)
