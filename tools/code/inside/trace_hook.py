"""Runs inside the sandbox: traces the program's own functions. Standard library only.

Records for each own function the shapes of arguments and returned value at the first call, fingerprints of the values
that the first calls returned, and which source lines ran. Library code, threads and child processes are not traced.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from calls_hook import Calls  # type: ignore[import-not-found]
from describe_hook import describe, fingerprint, has_nan  # type: ignore[import-not-found]

MAX_CALLS = 30  # traced calls of one function; later ones run untraced
MAX_FUNCTIONS = 80
IMPORT_CODE = getattr(getattr(importlib._bootstrap, "_find_and_load", None), "__code__", None)


class Tracer:
    """`own(filename)` returns the program's path of a code object's file, or "" for a library's file."""

    def __init__(self, own: Callable[[str], str]) -> None:
        self.own = own
        self.calls = Calls(own)
        self.functions: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, set[int]] = {}
        self._paths: dict[CodeType, str] = {}
        self._call_counts: dict[CodeType, int] = {}

    def start(self) -> None:
        self.calls.start()
        sys.settrace(self._call)

    def stop(self) -> None:
        sys.settrace(None)
        self.calls.stop()

    def report(self) -> dict[str, Any]:
        functions = {
            name: {**record, "returns_digest": record["returns_digest"].hexdigest()}
            for name, record in self.functions.items()
        }
        return {"functions": functions}

    def _call(self, frame: FrameType, event: str, arg: object) -> "Callable[..., Any] | None":
        code = frame.f_code
        path = self._paths.get(code)
        if path is None:
            path = self._paths[code] = self.own(code.co_filename)
        count = self._call_counts.get(code, 0)
        if not path:
            return self._trace_import(frame) if code is IMPORT_CODE else None
        if count >= MAX_CALLS:
            return None
        if code.co_name == "<module>":
            self.calls.enter(True)
        self._call_counts[code] = count + 1
        self.lines.setdefault(path, set()).add(frame.f_lineno)
        if _is_function(code) and len(self.functions) < MAX_FUNCTIONS:
            self._enter(f"{path}::{getattr(code, 'co_qualname', code.co_name)}", frame)
        return self._inside

    def _trace_import(self, frame: FrameType) -> "Callable[..., Any]":
        """Stop recording until an import is over, because it makes many calls that are not the program's. Installed
        modules are imported here, untraced; the program's own import then finds the module or fails as usual."""
        name = frame.f_locals.get("name")
        if type(name) is str and _is_installed(name.partition(".")[0]):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        self.calls.enter(False)

        def over(frame: FrameType, event: str, arg: object) -> "Callable[..., Any]":
            if event == "return":
                self.calls.leave()
            return over

        return over

    def _enter(self, name: str, frame: FrameType) -> None:
        record = self.functions.get(name)
        if record is None:
            self.functions[name] = {
                "arguments": {key: describe(value) for key, value in _argument_values(frame)},
                "returns": None,
                "returns_digest": hashlib.sha256(),
                "calls": 0,
                "nan": False,
            }
        self.functions[name]["calls"] += 1

    def _inside(self, frame: FrameType, event: str, arg: object) -> "Callable[..., Any]":
        code = frame.f_code
        path = self._paths[code]
        if event == "line":
            self.lines[path].add(frame.f_lineno)
        elif event == "return" and code.co_name == "<module>":
            self.calls.leave()
        elif event == "return" and _is_function(code):
            self._leave(f"{path}::{getattr(code, 'co_qualname', code.co_name)}", frame, arg)
        return self._inside

    def _leave(self, name: str, frame: FrameType, value: object) -> None:
        record = self.functions.get(name)
        if record is None:
            return
        sys.settrace(None)  # describing may call library code, which must not be traced
        try:
            if record["returns"] is None:
                record["returns"] = describe(value)
            record["nan"] = record["nan"] or has_nan(value)
            state = [argument for _, argument in _argument_values(frame) if hasattr(argument, "state_dict")]
            record["returns_digest"].update(fingerprint([value, state]).encode("utf-8", "replace"))
        except Exception:  # border: a value of the program that can't be read has no fingerprint
            record["returns_digest"].update(b"?")
        finally:
            sys.settrace(self._call)


def _is_installed(package: str) -> bool:
    """Whether a package is in the interpreter's own folders, not among or beside the program's files."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    origin = getattr(spec, "origin", None)
    return type(origin) is str and origin.startswith((sys.prefix, sys.base_prefix))


def _is_function(code: CodeType) -> bool:
    """Whether code is a function, not a module, a class body, a lambda or a comprehension."""
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and not code.co_name.startswith("<")


def _argument_values(frame: FrameType) -> list[tuple[str, object]]:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [(name, frame.f_locals[name]) for name in names if name in frame.f_locals]
