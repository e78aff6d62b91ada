"""One container from creation to removal: the supervisor goes in by its standard input, frames come out.

No path of the engine's machine is written to and no archive is exchanged: what comes home comes in frames, and is
looked at here as hostile all the same. Limits of time are held here; the engine holds the others.
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
from sandbox import frames, interpreter, seccomp
from sandbox.border.ending import read_ended, read_refused
from sandbox.border.told import Invalid
from sandbox.container_meter import ContainerMeter
from sandbox.engine import EngineDied, answering, answers
from sandbox.log import BoundedLog
from sandbox.meter import MB, Counters
from sandbox.mounts import HOME, TEMPORARY, TMP
from sandbox.process import START_LIMIT, TICK, Ending
from sandbox.protocol import Spec

_STOP_PATIENCE = 10.0
_MODULES = (
    "pelagos.errors",
    "sandbox.frames",
    "sandbox.seccomp",
    "sandbox.collect",
    "sandbox.flow",
    "sandbox.supervisor",
)
_STREAM_HEADER = 8
_OUT, _ERR = 1, 2
T = TypeVar("T")


class Container:
    """A started container whose supervisor waits for orders."""

    def __init__(self, client: Any, options: dict[str, Any], image: str) -> None:
        with answering():
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

    def run(self, spec: Spec, log: BoundedLog, sample: Callable[[], str]) -> tuple[Ending, Counters]:
        """Hand over the program, see it through to its end, take what it made. `sample` says why it must die now.

        Raises EngineDied, SandboxError.
        """
        with answering():
            self._give(spec)
        self._await_start()
        start = time.monotonic()
        told, stopped = self._watch(log, start + spec.limits.seconds, sample)
        took = time.monotonic() - start
        with answering():
            counters = self.meter.counters(0 if stopped else told["exit_code"])
        return Ending(told["exit_code"], stopped, took, told["cpu_seconds"]), counters

    def files(self, spec: Spec) -> tuple[dict[str, bytes], dict[str, str]]:
        """What came home and, for the rest, the reason; nothing that wasn't asked for or is too large."""
        files = {name: content for name, content in self._files.items() if len(content) <= spec.collect.get(name, -1)}
        missing = {name: "missing" for name in spec.collect if name not in files}
        return files, missing | {name: why for name, why in self._refused.items() if name in missing}

    def remove(self) -> None:
        """Kill what lives in it and remove it. Raises EngineDied; what lived is dead all the same."""
        self.meter.kill()
        with contextlib.suppress(OSError):
            self._attached.close()
        end = time.monotonic() + _STOP_PATIENCE
        while (busy := _removed(self._container)) and time.monotonic() < end:
            time.sleep(TICK)
        if busy:
            raise EngineDied(busy)

    def _give(self, spec: Spec) -> None:
        boot = _boot().encode()
        self._channel.send(len(boot).to_bytes(4, "big") + boot)
        for name, content in spec.files.items():
            self._channel.send(frames.named(frames.FILE, name, content))
        argv = [*spec.argv]
        if argv[0] == "python":
            argv = interpreter.translate(argv)
        environment = interpreter.environment(spec.limits.cpus, HOME, TMP) | dict(spec.env)
        orders = {
            "argv": argv,
            "env": environment,
            "collect": dict(spec.collect),
            "temporary": TEMPORARY,
            "rlimits": {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": spec.limits.disk_mb * MB, "RLIMIT_NOFILE": 4096},
            "filter": base64.b64encode(seccomp.program()).decode(),
        }
        self._channel.send(frames.message(frames.START, **orders))

    def _await_start(self) -> None:
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end and not self._channel.over:
            kind, _ = self._channel.receive(TICK)
            if kind == frames.READY:
                return
        said = self._channel.said() or f"no sign of life within {START_LIMIT:g} s"
        if self._gone():
            raise EngineDied(said)
        raise SandboxError(f"the container can't start: {said}")

    def _watch(self, log: BoundedLog, deadline: float, sample: Callable[[], str]) -> tuple[dict[str, Any], str]:
        """Until the supervisor has handed over everything, or is beyond hope: (how it ended, why we stopped it)."""
        told: dict[str, Any] = {}
        stopped = ""
        while True:
            kind, content = self._channel.receive(TICK)
            if kind == frames.LOG:
                log.feed(content)
            elif kind == frames.DONE:
                return told, stopped
            else:
                told |= self._take(kind, content)
            if not told:
                self._sample()
            if not stopped and not told:
                stopped = sample() or ("timeout" if time.monotonic() > deadline else "")
                self._stop(bool(stopped))
            if (self._channel.over and not kind) or time.monotonic() > deadline + _STOP_PATIENCE:
                return self._lost(told, stopped)

    def _stop(self, now: bool) -> None:
        if now:
            with answering():
                self._channel.send(frames.frame(frames.STOP))

    def _sample(self) -> None:
        if (now := time.monotonic()) >= self._next_sample:
            self.meter.sample()
            self._next_sample = now + TICK

    def _take(self, kind: bytes, content: bytes) -> dict[str, Any]:
        if kind == frames.ENDED:
            told = _taken(read_ended(content))
            self.full, self.peak_disk = told.full, told.peak_disk
            return {"exit_code": told.exit_code, "cpu_seconds": told.cpu_seconds}
        if kind == frames.CONTENT:
            name, data = _named(content)
            self._files[name] = data
        elif kind == frames.REFUSED:
            self._refused |= _taken(read_refused(content))
        return {}

    def _lost(self, told: dict[str, Any], stopped: str) -> tuple[dict[str, Any], str]:
        """The supervisor fell silent: killed with all the rest, or the engine is gone."""
        if self._gone():
            raise EngineDied(self._channel.said() or "the engine closed the connection")
        self.meter.kill()
        return {"exit_code": -9, "cpu_seconds": 0.0} | told, stopped

    def _gone(self) -> bool:
        try:
            with answering():
                self._container.reload()
        except EngineDied:
            return True
        return False


def _taken(told: T | Invalid) -> T:
    if isinstance(told, Invalid):
        raise SandboxError(f"the supervisor's answer can't be read: {told.reason}")
    return told


def _named(content: bytes) -> tuple[str, bytes]:
    try:
        return frames.unnamed(content)
    except frames.Malformed as error:
        raise SandboxError(f"the supervisor's answer can't be read: {error}") from error


def _removed(container: Any) -> str:
    """Empty if it's gone; what an engine says that lives and can't do it at the moment. Raises EngineDied."""
    import docker.errors

    try:
        with answering():
            container.remove(force=True)
    except docker.errors.NotFound:
        return ""
    except docker.errors.APIError as error:  # it's being removed already
        return str(error.explanation or error)
    except EngineDied as error:
        if not answers(container.client):
            raise
        return str(error)
    return ""


class _Channel:
    """The attached stream: the engine marks which of the container's outputs a chunk is from."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._socket.settimeout(START_LIMIT)
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
        """The next frame, or an empty one if none comes within `seconds`; `over` is set at the end of the stream."""
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
            if stream == _ERR:
                self._errors = (self._errors + chunk)[-2000:]
            elif stream == _OUT:
                self._waiting += self._whole(chunk)

    def _whole(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        try:
            return list(self._reader.feed(chunk))
        except frames.Malformed as error:
            raise SandboxError(f"the supervisor's answer can't be read: {error}") from error

    def said(self) -> str:
        """What the supervisor itself printed: only ever a fault of ours or of the image."""
        return self._errors.decode(errors="replace").strip().replace("\n", " | ")[-500:]

    def _chunks(self) -> Iterator[tuple[int, bytes]]:
        while len(self._raw) >= _STREAM_HEADER:
            stream, size = struct.unpack(">BxxxL", self._raw[:_STREAM_HEADER])
            if len(self._raw) < _STREAM_HEADER + size:
                return
            chunk = bytes(self._raw[_STREAM_HEADER : _STREAM_HEADER + size])
            del self._raw[: _STREAM_HEADER + size]
            yield stream, chunk


def _boot() -> str:
    """Our modules as one program: each is entered under its name before the next is run."""
    root = Path(__file__).parents[1]
    sources = [(name, (root / Path(*name.split("."))).with_suffix(".py").read_text("utf-8")) for name in _MODULES]
    lines = ["import sys, types", f"sources = {sources!r}", "for name in ('pelagos', 'sandbox'):"]
    lines += ["    sys.modules[name] = types.ModuleType(name)", "for name, source in sources:"]
    lines += ["    made = sys.modules[name] = types.ModuleType(name)"]
    lines += ["    setattr(sys.modules[name.partition('.')[0]], name.rpartition('.')[2], made)"]
    lines += [
        "    exec(compile(source, name, 'exec'), made.__dict__)",
        f"sys.modules['sandbox.supervisor'].main({HOME!r})",
    ]
    return "\n".join(lines)
