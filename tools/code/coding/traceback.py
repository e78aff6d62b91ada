"""Reads the exception that the runner's hook reported and keeps the frames of the task's own modules.

All modules of the task count as own, not only the edited one; library frames are dropped. Also finds the line at which
a program was when its time limit was reached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.border import report as border_report

_STACK = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')
_STARTER = re.compile(r'  File "(?:[^"]*_pelagos/\w+\.py|<frozen runpy>)", line \d+ in \S+')
MAX_SIMILAR_NAMES = 6
_LIBRARY = ("site-packages", "/lib/python", "_pelagos/", "<frozen", "runpy")


@dataclass(frozen=True)
class Frame:
    """One own frame. `values` maps a local name to `type dtype shape` or a short text."""

    file: str
    line: int
    function: str
    source: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """The exception and its own-code frames, outermost first. `similar_names` are existing names that resemble
    the one that was not found. `call_signatures` maps each library
    function that is called around the innermost own line to its arguments."""

    type: str
    message: str
    frames: Sequence[Frame]
    similar_names: Sequence[str] = ()
    call_signatures: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        first_line = self.message.strip().partition("\n")[0]
        suggestion = f" (there is: {', '.join(self.similar_names)})" if self.similar_names else ""
        return f"{self.type}: {first_line}"[:400] + suggestion if first_line else self.type

    @property
    def place(self) -> str:
        """`file:line in function` of the innermost own frame, or ""."""
        if not self.frames:
            return ""
        frame = self.frames[-1]
        return f"{frame.file}:{frame.line} in {frame.function}"


def parse_error(report: border_report.Report) -> Error | None:
    """The reported exception, or None if the program raised none."""
    raised = report.error
    if raised is None:
        return None
    frames = [_convert_frame(frame) for frame in raised.frames if frame.own]
    if raised.syntax is not None and raised.syntax.line is not None:
        path = raised.syntax.file.rpartition("/")[2]
        frames.append(Frame(path, raised.syntax.line, "<module>", raised.syntax.text))
    return Error(raised.type, raised.message, frames, raised.near[:MAX_SIMILAR_NAMES], raised.libraries)


def find_stuck_line(log: str) -> str:
    """The main thread's own line shortly before the time limit, from the stacks in the log; "" if there are none."""
    _, marker, stack = log.rpartition("most recent call first")
    if not marker:
        return ""
    for path, line, function in _STACK.findall(stack):
        if not any(part in path for part in _LIBRARY):
            return f"it was at {path.rpartition('/')[2]} line {line} in {function}"
    return ""


def remove_launcher_lines(log: str) -> str:
    """The log without stack lines of the hook and of runpy, which start the program."""
    return "\n".join(line for line in log.split("\n") if not _STARTER.match(line))


def _convert_frame(frame: border_report.Frame) -> Frame:
    values = {name: format_value(value) for name, value in frame.locals.items()}
    return Frame(frame.file, frame.line or 0, frame.function, frame.source, values)


def format_value(value: border_report.ValueSummary | None) -> str:
    """Format the hook's description of one value, such as `Tensor float32 (32, 64)` or `int 5`."""
    if value is None:
        return "?"
    parts = [value.type, value.dtype.removeprefix("torch."), value.text[:120]]
    if value.shape is not None:
        parts.insert(2, "(" + ", ".join(map(str, value.shape)) + ("," if len(value.shape) == 1 else "") + ")")
    if value.nan:
        parts.append("with NaN or infinity")
    return " ".join(part for part in parts if part)
