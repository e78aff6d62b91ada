"""Runs inside the sandbox: starts the program and writes a report about it to one JSON file. Standard library only.

`python runner_hook.py CONFIG.json`, where the configuration names the script, module or console script, its arguments,
the folders to import from, the program's own files, the report's path, the expected output and whether to trace
functions. The report is written by the process that runs untrusted code: it is a hint for debugging, never a score.
Access findings and the report's hash are sent through the log after a mark that only the host and this process know
(`tools/code/execution/hook_messages.py` parses them).
"""

import atexit
import contextlib
import faulthandler
import fcntl
import hashlib
import importlib
import inspect
import json
import linecache
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType, TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from amounts_hook import Amounts  # type: ignore[import-not-found]  # noqa: E402
from describe_hook import describe  # type: ignore[import-not-found]  # noqa: E402
from library_hook import find_signatures, find_similar_names  # type: ignore[import-not-found]  # noqa: E402
from signs_hook import watch  # type: ignore[import-not-found]  # noqa: E402
from trace_hook import Tracer  # type: ignore[import-not-found]  # noqa: E402

FIRST_FRAMES, LAST_FRAMES, MAX_VARIABLES, MAX_REPORT_CHARS = 4, 24, 24, 200_000
HOOKS = (
    "amounts_hook", "calls_hook", "describe_hook", "library_hook", "layers_hook", "naming_hook", "rates_hook",
    "signs_hook", "trace_hook",
)  # fmt: skip
MIN_DESCRIPTOR = 200  # lowest file descriptor of the hook's channel to the host


def main(config_path: str) -> int:
    config = json.loads(Path(config_path).read_text("utf-8"))
    send = _open_message_channel(config.pop("mark", ""))
    if send is not None:
        with contextlib.suppress(OSError):  # if it stays, a program that reads it causes a finding
            Path(config_path).unlink()
    root = Path.cwd()
    for name in ("packages", "tools"):  # the task's own packages and packs, after the shipped ones
        if (folder := root / config.get(name, "none")).is_dir():
            sys.path.append(str(folder))
    own = _make_ownership_check(root, set(config["own"]))
    (root / config["report"]).parent.mkdir(parents=True, exist_ok=True)
    tracer = Tracer(own) if config["trace"] else None
    faulthandler.enable()  # reports where a native crash happened
    if config.get("dump_after"):
        faulthandler.dump_traceback_later(config["dump_after"], exit=False)
    if send is not None:
        watch(str(root), config.get("packages", "none"), lambda sign: send("sign", sign))
    for name in HOOKS:
        sys.modules.pop(name, None)
    _fill_root(config, root)
    amounts = Amounts()
    amounts.watch()
    report = _run_program(config, own, tracer)
    _run_exit_handlers()
    report["behaviour"] = {**amounts.report(), "calls": report.pop("calls", [])}
    if tracer is not None:
        report["trace"] = tracer.report()
    expected = root / config["expect"]
    report["predictions"] = expected.is_file()
    output_folder = expected.parent
    report["written"] = (
        sorted(path.name for path in output_folder.iterdir())[:20]
        if output_folder.is_dir() and not report["predictions"]
        else []
    )
    report_bytes = _write_report(root / config["report"], report)
    if send is not None:
        send("report", hashlib.sha256(report_bytes).hexdigest())
    faulthandler.cancel_dump_traceback_later()
    return int(report["exit"])


def _open_message_channel(mark: str) -> "Callable[[str, str], int] | None":
    """A function that sends a word and a text to the host on a descriptor of its own; None without a mark."""
    if not mark:
        return None
    handle, write = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, MIN_DESCRIPTOR), os.write

    def say(word: str, text: str) -> int:
        try:
            return write(handle, f"\n{mark} {word} {text[:500]!r}\n".encode("utf-8", "replace"))
        except OSError:  # the program closed it: the report's hash is then unknown to the host
            return 0

    return say


def _run_exit_handlers() -> None:
    """Run the program's exit handlers before the report is written, so that none of them runs afterwards."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def _fill_root(config: dict[str, Any], root: Path) -> None:
    """Replace the configuration's placeholder, if any, by the work folder's path."""
    mark = config.get("root", "")
    if mark:
        config["script"], *config["argv"] = (
            word.replace(mark, f"{root}/") for word in (config["script"], *config["argv"])
        )
        os.environ.update({name: value.replace(mark, f"{root}/") for name, value in os.environ.items()})


def _make_ownership_check(root: Path, names: set[str]) -> Any:
    def own(filename: str) -> str:
        try:
            path = (root / filename).resolve().relative_to(root.resolve()).as_posix()
        except (ValueError, OSError):
            return ""
        return path if path in names else ""

    return own


def _run_program(config: dict[str, Any], own: Any, tracer: "Tracer | None") -> dict[str, Any]:
    script = config["script"]
    sys.argv = [script or config["name"] or "-m", *config["argv"]]
    script_folder = [str(Path(script).resolve().parent)] if script else []
    folders = [str(Path(path).resolve()) for path in config["paths"] if Path(path).is_dir()]
    sys.path[0:1] = dict.fromkeys([*script_folder, *folders])
    try:
        if tracer is not None:
            tracer.start()
        namespace = _start_program(config)
    except SystemExit as error:
        _stop_tracing(tracer)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if error.code is not None and not isinstance(error.code, int):
            sys.stderr.write(f"{_error_text(error)}\n")  # as Python itself does
        return {"exit": code, "error": _describe_error(error, own) if code else None}
    except BaseException as error:  # border: any failure of the program is reported
        _stop_tracing(tracer)
        description = _describe_error(error, own)
        _print_traceback(error)
        return {"exit": 1, "error": description}
    _stop_tracing(tracer)
    if tracer is None:
        return {"exit": 0, "error": None, "libraries": {}}
    place = script or str(namespace.get("__file__", ""))
    return {
        "exit": 0,
        "error": None,
        "libraries": _library_signatures(place, namespace, own),
        "values": {own(place): _describe_variables(namespace)},
        "calls": _library_calls(place, namespace, own, tracer),
    }


def _start_program(config: dict[str, Any]) -> dict[str, Any]:
    """Run the script, the module or the function of a console script. Returns its top-level names afterwards."""
    if config["script"]:
        return runpy.run_path(config["script"], run_name="__main__")
    if config["module"]:
        return runpy.run_module(config["module"], run_name="__main__", alter_sys=True)
    module, _, attributes = config["call"].partition(":")
    loaded = importlib.import_module(module)
    called: Any = loaded
    for name in attributes.split("."):
        called = getattr(called, name)
    if code := called():
        sys.exit(code)
    return vars(loaded)


def _library_signatures(script: str, namespace: dict[str, Any], own: Any) -> dict[str, dict[str, str]]:
    """Path of an own file -> signatures of the library functions that it calls."""
    try:
        spaces = _module_namespaces(script, namespace)
        return {
            own(file): find_signatures(_source_text(file), space, own) for file, space in spaces.items() if own(file)
        }
    except Exception:  # border: objects of the program may do anything; a hint must not fail the run
        return {}


def _library_calls(script: str, namespace: dict[str, Any], own: Any, tracer: "Tracer") -> list[str]:
    """The library functions and classes that the program's own code called."""
    try:
        spaces = {
            own(file): (file, space) for file, space in _module_namespaces(script, namespace).items() if own(file)
        }
        sources = {path: _source_text(file) for path, (file, _) in spaces.items()}
        names: list[str] = tracer.calls.names(
            sources, {path: namespace_of_file for path, (_, namespace_of_file) in spaces.items()}, tracer.lines
        )
    except Exception:  # border: as above
        return []
    return names


def _module_namespaces(script: str, namespace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """File -> top-level names, of every loaded module."""
    modules = [vars(module) for module in list(sys.modules.values()) if inspect.ismodule(module)]
    files = {space["__file__"]: space for space in modules if isinstance(space.get("__file__"), str)}
    return files | {script: namespace}


def _source_text(file: str) -> str:
    """The source of a file, or "" if it can't be read: the program may have changed its folder."""
    return "".join(linecache.getlines(file))


def _stop_tracing(tracer: "Tracer | None") -> None:
    if tracer is not None:
        tracer.stop()


def _print_traceback(error: BaseException) -> None:
    try:
        summary = traceback.TracebackException(type(error), error, _skip_hook(error.__traceback__), limit=-40)
        summary.stack[:] = [frame for frame in summary.stack if not _is_hook(frame.filename)]
        sys.stderr.write("".join(summary.format()))
    except Exception as fault:  # border: the text of an exception may raise; its type has a name
        sys.stderr.write(f"{type(error).__name__} (its text can't be shown: {type(fault).__name__})\n")


def _is_hook(file: str) -> bool:
    return Path(file).parent in (HERE, Path(HERE.name))


def _skip_hook(tb: "TracebackType | None") -> "TracebackType | None":
    while tb is not None and (
        _is_hook(tb.tb_frame.f_code.co_filename) or tb.tb_frame.f_globals.get("__name__") == "runpy"
    ):
        tb = tb.tb_next
    return tb


def _error_text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as fault:  # border: as above
        return f"<no text: {type(fault).__name__}>"


def _describe_error(error: BaseException, own: Any) -> dict[str, Any]:
    message = _error_text(error)[:2000]
    frames, tb = [], _skip_hook(error.__traceback__)
    while tb is not None:
        if not _is_hook(tb.tb_frame.f_code.co_filename):
            frames.append(tb)
        tb = tb.tb_next
    if len(frames) > FIRST_FRAMES + LAST_FRAMES:
        frames = frames[:FIRST_FRAMES] + frames[-LAST_FRAMES:]
    description: dict[str, Any] = {
        "type": type(error).__name__,
        "message": message,
        "frames": [_describe_frame(tb, own) for tb in frames],
    }
    description["near"] = find_similar_names(error)
    inner = next((tb for tb in reversed(frames) if own(tb.tb_frame.f_code.co_filename)), None)
    description["libraries"] = {} if inner is None else _signatures_around(inner, own)
    if isinstance(error, SyntaxError):
        line = error.lineno if type(error.lineno) is int and 0 <= error.lineno < 10**9 else None
        description["syntax"] = {"file": str(error.filename)[-300:], "line": line, "text": str(error.text or "")[:200]}
    return description


def _describe_frame(tb: TracebackType, own: Any) -> dict[str, Any]:
    code = tb.tb_frame.f_code
    path = own(code.co_filename)
    description: dict[str, Any] = {
        "file": path or code.co_filename[-200:],
        "own": bool(path),
        "line": tb.tb_lineno,
        "function": getattr(code, "co_qualname", code.co_name),
        "source": linecache.getline(code.co_filename, tb.tb_lineno).strip()[:200],
    }
    if path:
        description["locals"] = _describe_variables(tb.tb_frame.f_locals)
    return description


def _describe_variables(names: Mapping[str, object]) -> dict[str, Any]:
    """Name -> description of each variable, without modules, functions and classes."""
    variables = [(name, value) for name, value in names.items() if not name.startswith("__") and not _is_code(value)]
    return {name: describe(value) for name, value in variables[:MAX_VARIABLES]}


def _is_code(value: object) -> bool:
    """Whether a value is a module, function or class, by its type alone: asking the value could run own code."""
    return issubclass(type(value), (ModuleType, FunctionType, BuiltinFunctionType, type))


def _signatures_around(tb: TracebackType, own: Any) -> dict[str, str]:
    """Signatures of the library functions that are called around the line of `tb`."""
    frame = tb.tb_frame
    names = {**frame.f_globals, **frame.f_locals}
    signatures: dict[str, str] = find_signatures(_source_text(frame.f_code.co_filename), names, own, tb.tb_lineno)
    return signatures


def _write_report(path: Path, report: dict[str, Any]) -> bytes:
    """Write the report as JSON, without its trace if it is too long. Returns the written bytes."""
    text = json.dumps(report, default=str)
    if len(text) > MAX_REPORT_CHARS:  # the trace is less important than the error
        report.pop("trace", None)
        text = json.dumps(report, default=str)
    raw = text.encode("utf-8", "replace")
    path.write_bytes(raw)
    return raw


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
