"""What the runner's hook reported about an exception: the program's own frames, library frames dropped.

All modules of the task count as own, not only the one that was edited. Also finds where a program was stuck when its
time was over. The report is untrusted: whatever doesn't fit is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.code import libraries

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


def error_of(report: Mapping[str, Any]) -> Error | None:
    """The reported exception, or None where the program raised none."""
    raw = report.get("error")
    if not isinstance(raw, dict):
        return None
    told = [frame for frame in raw.get("frames") or [] if isinstance(frame, dict)]
    frames = [_frame(frame) for frame in told if frame.get("own")]
    syntax = raw.get("syntax")
    if isinstance(syntax, dict) and isinstance(syntax.get("line"), int):
        path = str(syntax.get("file", "")).rpartition("/")[2]
        frames.append(Frame(path, syntax["line"], "<module>", str(syntax.get("text", "")).strip()))
    own = bool(told) and bool(told[-1].get("own"))
    told_near = raw.get("near")
    near = [str(name)[:80] for name in told_near[:NEAR]] if isinstance(told_near, list) else []
    called = libraries.texts(raw.get("libraries"))
    return Error(str(raw.get("type", "?")), str(raw.get("message", "")), frames, own, near, called)


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


def _frame(raw: Mapping[str, Any]) -> Frame:
    values = raw.get("locals")
    line = raw.get("line")
    return Frame(
        file=str(raw.get("file", "")),
        line=line if isinstance(line, int) else 0,
        function=str(raw.get("function", "")),
        source=str(raw.get("source", "")),
        values={str(name): say_value(value) for name, value in values.items()} if isinstance(values, dict) else {},
    )


def say_value(told: object) -> str:
    """`Tensor float32 (32, 64)`, `int 5`: what the hook said of one value, as words."""
    if not isinstance(told, dict):
        return "?"
    shape = told.get("shape")
    parts = [str(told.get("type", "?"))]
    if told.get("dtype"):
        parts.append(str(told["dtype"]).removeprefix("torch."))
    if isinstance(shape, list):
        parts.append("(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")")
    if told.get("text"):
        parts.append(str(told["text"])[:120])
    if told.get("nan"):
        parts.append("with NaN or infinity")
    return " ".join(parts)
