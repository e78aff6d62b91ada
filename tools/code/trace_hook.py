"""Runs inside the sandbox: watches the program's own functions. Standard library only.

For each own function: shapes of arguments and returned value at the first call, fingerprints of what the first
calls returned, and which source lines ran. Library code isn't traced. Threads and child processes aren't either.
"""

import hashlib
import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from describe_hook import describe, fingerprint, has_nan  # type: ignore[import-not-found]

CALLS = 30  # calls of one function that are watched; later ones run untraced
FUNCTIONS = 80


class Tracer:
    """`own(filename)` names the program's file that a code object's file is, or "" for a library's."""

    def __init__(self, own: Callable[[str], str]) -> None:
        self.own = own
        self.functions: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, set[int]] = {}
        self._places: dict[CodeType, str] = {}
        self._seen: dict[CodeType, int] = {}

    def start(self) -> None:
        sys.settrace(self._call)

    def stop(self) -> None:
        sys.settrace(None)

    def report(self) -> dict[str, Any]:
        functions = {
            name: {**record, "returns_digest": record["returns_digest"].hexdigest()}
            for name, record in self.functions.items()
        }
        return {"functions": functions, "lines": {path: sorted(lines) for path, lines in self.lines.items()}}

    def _call(self, frame: FrameType, event: str, arg: object) -> "Callable[..., Any] | None":
        code = frame.f_code
        path = self._places.get(code)
        if path is None:
            path = self._places[code] = self.own(code.co_filename)
        count = self._seen.get(code, 0)
        if not path or count >= CALLS:
            return None
        self._seen[code] = count + 1
        self.lines.setdefault(path, set()).add(frame.f_lineno)
        if _is_function(code) and len(self.functions) < FUNCTIONS:
            self._enter(f"{path}::{getattr(code, 'co_qualname', code.co_name)}", frame)
        return self._inside

    def _enter(self, name: str, frame: FrameType) -> None:
        record = self.functions.get(name)
        if record is None:
            self.functions[name] = {
                "arguments": {key: describe(value) for key, value in _arguments(frame)},
                "returns": None,
                "returns_digest": hashlib.sha256(),
                "calls": 0,
                "nan": False,
            }
        self.functions[name]["calls"] += 1

    def _inside(self, frame: FrameType, event: str, arg: object) -> "Callable[..., Any]":
        code = frame.f_code
        path = self._places[code]
        if event == "line":
            self.lines[path].add(frame.f_lineno)
        elif event == "return" and _is_function(code):
            self._leave(f"{path}::{getattr(code, 'co_qualname', code.co_name)}", frame, arg)
        return self._inside

    def _leave(self, name: str, frame: FrameType, value: object) -> None:
        record = self.functions.get(name)
        if record is None:
            return
        sys.settrace(None)  # describing may call library code; don't watch ourselves
        try:
            if record["returns"] is None:
                record["returns"] = describe(value)
            record["nan"] = record["nan"] or has_nan(value)
            state = [argument for _, argument in _arguments(frame) if hasattr(argument, "state_dict")]
            record["returns_digest"].update(fingerprint([value, state]).encode("utf-8", "replace"))
        except Exception:  # border: the values are the program's own; one that can't be read has no fingerprint
            record["returns_digest"].update(b"?")
        finally:
            sys.settrace(self._call)


def _is_function(code: CodeType) -> bool:
    """Not a module, a class body, a lambda or a comprehension."""
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and not code.co_name.startswith("<")


def _arguments(frame: FrameType) -> list[tuple[str, object]]:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [(name, frame.f_locals[name]) for name in names if name in frame.f_locals]
