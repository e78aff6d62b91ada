"""What the runner's hook reported about an exception: the program's own frames, library frames dropped.

All modules of the task count as own, not only the one that was edited. Also finds where a program was stuck when its
time was over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.border import report as told

_STACK = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')
_STARTER = re.compile(r'  File "(?:[^"]*_pelagos/\w+\.py|<frozen runpy>)", line \d+ in \S+')
NEAR = 6
_LIBRARY = ("site-packages", "/lib/python", "_pelagos/", "<frozen", "runpy")


@dataclass(frozen=True)
class Frame:
    """One own frame. `values`: local name -> `type shape dtype` or short text."""

    file: str
    line: int
    function: str
    source: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """The exception and its own-code frames, outermost first. `raised_in_own` is False where a library raised it;
    `near` are names that exist, like the one that wasn't found; `libraries`: library function called around the
    innermost own line -> its arguments."""

    type: str
    message: str
    frames: Sequence[Frame]
    raised_in_own: bool
    near: Sequence[str] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        first = self.message.strip().partition("\n")[0]
        there = f" (there is: {', '.join(self.near)})" if self.near else ""
        return f"{self.type}: {first}"[:400] + there if first else self.type

    @property
    def place(self) -> str:
        """`file:line in function` of the innermost own frame, or ""."""
        if not self.frames:
            return ""
        frame = self.frames[-1]
        return f"{frame.file}:{frame.line} in {frame.function}"


def error_of(report: told.Report) -> Error | None:
    """The reported exception, or None where the program raised none."""
    raised = report.error
    if raised is None:
        return None
    frames = [_frame(frame) for frame in raised.frames if frame.own]
    if raised.syntax is not None and raised.syntax.line is not None:
        path = raised.syntax.file.rpartition("/")[2]
        frames.append(Frame(path, raised.syntax.line, "<module>", raised.syntax.text))
    own = bool(raised.frames) and raised.frames[-1].own
    return Error(raised.type, raised.message, frames, own, raised.near[:NEAR], raised.libraries)


def stuck_at(log: str) -> str:
    """Where the main thread was when the time was nearly over, from the stacks that were written to the log."""
    _, found, stack = log.rpartition("most recent call first")
    if not found:
        return ""
    for path, line, function in _STACK.findall(stack):
        if not any(part in path for part in _LIBRARY):
            return f"it was at {path.rpartition('/')[2]} line {line} in {function}"
    return ""


def own_lines(log: str) -> str:
    """The log without the lines of written stacks that are about what starts the program."""
    return "\n".join(line for line in log.split("\n") if not _STARTER.match(line))


def _frame(frame: told.Frame) -> Frame:
    values = {name: say_value(value) for name, value in frame.locals.items()}
    return Frame(frame.file, frame.line or 0, frame.function, frame.source, values)


def say_value(value: told.Described | None) -> str:
    """`Tensor float32 (32, 64)`, `int 5`: what the hook said of one value, as words."""
    if value is None:
        return "?"
    parts = [value.type, value.dtype.removeprefix("torch."), value.text[:120]]
    if value.shape is not None:
        parts.insert(2, "(" + ", ".join(map(str, value.shape)) + ("," if len(value.shape) == 1 else "") + ")")
    if value.nan:
        parts.append("with NaN or infinity")
    return " ".join(part for part in parts if part)
