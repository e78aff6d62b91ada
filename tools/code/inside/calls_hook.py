"""Runs inside the sandbox, only in smoke runs: records which library functions and classes the program's own code
calls, with the arguments that differ from the defaults. Standard library only.

Uses a profile function, which Python calls at every call; calls from libraries and during imports are skipped. Each
call site is recorded three times: an argument that changes meanwhile is shown as `…`.
"""

import ast
import contextlib
import inspect
import sys
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any

from naming_hook import generator_method, name_of_builtin, name_of_frame, name_of_object, resolve_name  # type: ignore[import-not-found]

MAX_LOOKS = 3  # recorded calls of one call site
MAX_SITES = 2_000
MAX_EVENTS = 5_000_000  # after so many events the rest of a long run is not recorded
MAX_NAMES, MAX_NAME, MAX_ARGUMENTS, MAX_TEXT = 300, 160, 6, 24
VARIES = "…"
IGNORED_ARGUMENTS = frozenset({"device", "dtype", "verbose", "n_jobs", "out", "file", "seed", "random_state", "self"})


class Calls:
    """`own(filename)` returns the program's path of a code object's file, or "" for a library's file."""

    def __init__(self, own: Callable[[str], str]) -> None:
        self._own = own
        self._is_own: dict[CodeType, bool] = {}
        self._sites: dict[tuple[CodeType, int, object], list[Any]] = {}
        self._watching: list[bool] = []
        self._events_left = MAX_EVENTS

    def start(self) -> None:
        self.enter(True)

    def enter(self, watched: bool) -> None:
        """Record calls or not, until `leave`: imports make many calls, but own modules belong to the program."""
        self._watching.append(watched)
        sys.setprofile(self._event if watched and self._events_left > 0 else None)

    def leave(self) -> None:
        self._watching.pop()
        sys.setprofile(self._event if self._watching and self._watching[-1] and self._events_left > 0 else None)

    def stop(self) -> None:
        self._watching.clear()
        sys.setprofile(None)

    def names(self, sources: Mapping[str, str], spaces: Mapping[str, Mapping[str, Any]], lines: Any) -> list[str]:
        """The sorted calls. `sources`, `spaces` (namespaces) and executed `lines` of own files, by path, serve to find
        calls that cause no profile event."""
        called = {name for name, _, _ in self._sites.values() if name}
        calls = {_format_call(name, arguments) for name, arguments, _ in self._sites.values() if name}
        for path, source in sources.items():
            calls |= set(_calls_without_event(source, spaces[path], lines.get(path, ()), called)) - called
        return sorted(calls)[:MAX_NAMES]

    def _event(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            caller: Any = frame
        elif event == "call":
            caller = frame.f_back
            if caller is None:
                return
        else:
            return
        is_own = self._is_own.get(caller.f_code)
        if is_own is None:
            is_own = self._is_own[caller.f_code] = bool(self._own(caller.f_code.co_filename))
        if not is_own:
            self._events_left -= 1
            if self._events_left <= 0:
                sys.setprofile(None)
            return
        with contextlib.suppress(Exception):  # border: the called object may be the program's own
            self._record(caller, frame, called if event == "c_call" else None)

    def _record(self, caller: FrameType, frame: FrameType, builtin: Any) -> None:
        key = (caller.f_code, caller.f_lasti, frame.f_code if builtin is None else builtin.__name__)
        site = self._sites.get(key)
        if site is None:
            if len(self._sites) >= MAX_SITES:
                return
            name, function = name_of_frame(frame) if builtin is None else (name_of_builtin(builtin), None)
            self._sites[key] = [name, _changed_arguments(frame, function) if function is not None else {}, 1]
        elif site[0] and builtin is None and site[2] < MAX_LOOKS:
            site[1] = _merge_arguments(site[1], _changed_arguments(frame, name_of_frame(frame)[1]))
            site[2] += 1


def _changed_arguments(frame: FrameType, function: Any) -> dict[str, str]:
    """The arguments that differ from their defaults and are plain values, as text."""
    code, local = frame.f_code, frame.f_locals
    names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    values = {name: local.get(name) for name in names}
    if "<locals>" in getattr(code, "co_qualname", ""):  # a decorator's function has the original arguments
        args = local.get("args", ())
        positional = [values[name] for name in names]
        values = dict(inspect.signature(function).bind(*positional, *args, **local.get("kwargs", {})).arguments)
    defaults = {parameter.name: parameter.default for parameter in inspect.signature(function).parameters.values()}
    changed: dict[str, str] = {}
    for name, value in list(values.items())[:40]:
        text = _format_plain(value) if name in defaults and name not in IGNORED_ARGUMENTS else ""
        if text and text != _format_plain(defaults[name]) and len(changed) < MAX_ARGUMENTS:
            changed[name] = text
    return changed


def _format_plain(value: object) -> str:
    """A number, a short text or a few numbers as text; "" for any other value, whose `repr` could run own code."""
    if type(value) is float:
        return f"{value:.4g}"
    if (
        value is None
        or type(value) in (bool, int)
        or (type(value) is str and len(value) <= MAX_TEXT and "/" not in value)
    ):
        return repr(value)[: MAX_TEXT + 2]
    if type(value) in (tuple, list) and len(value) <= 4:  # type: ignore[arg-type]
        parts = [_format_plain(item) for item in value]  # type: ignore[attr-defined]
        return f"({', '.join(parts)})" if all(parts) else ""
    return ""


def _merge_arguments(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    return {name: now[name] if now.get(name) == before.get(name) else VARIES for name in {**before, **now}}


def _format_call(name: str, arguments: dict[str, str]) -> str:
    formatted = ", ".join(f"{key}={value}" for key, value in sorted(arguments.items()))
    return f"{name}({formatted})"[:MAX_NAME] if formatted else name[:MAX_NAME]


def _calls_without_event(source: str, space: Mapping[str, Any], lines: Any, called: "set[str]") -> "list[str]":
    """Names of objects that executed lines call without a profile event. A method name of NumPy's generator counts as
    such if the program makes one and no recorded call in `called` has that name."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and node.lineno in lines]
    objects = (resolve_name(ast.unparse(func), space) for func in calls if isinstance(func, (ast.Name, ast.Attribute)))
    names = [name for value in objects if value is not None and (name := name_of_object(value))]
    if "numpy.random.default_rng" in names:
        recorded_names = {name.rpartition(".")[2] for name in called}
        names += [
            generator_method(func.attr)
            for func in calls
            if isinstance(func, ast.Attribute) and func.attr not in recorded_names
        ]
    return [name for name in names if name]
