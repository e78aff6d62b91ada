"""Runs inside the sandbox: starts the program and writes what happened to one JSON file. Standard library only.

`python runner_hook.py CONFIG.json`, where the configuration names the script, module or console script, its arguments,
the folders to import from, the program's own files, the report's path, the expected output and whether to watch
functions. The report is written by the same
process that runs untrusted code: it is a hint for debugging, never a score. Signs and the report's hash go out by the
log, behind a mark that only the host and this process know (`tools/code/told.py` reads them).
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

from describe_hook import describe  # type: ignore[import-not-found]  # noqa: E402
from library_hook import near, signatures  # type: ignore[import-not-found]  # noqa: E402
from signs_hook import watch  # type: ignore[import-not-found]  # noqa: E402
from trace_hook import Tracer  # type: ignore[import-not-found]  # noqa: E402

HEAD, TAIL, LOCALS, SIZE = 4, 24, 24, 200_000
HOOKS = ("describe_hook", "library_hook", "signs_hook", "trace_hook")
OUT_OF_REACH = 200  # the least descriptor of the hook's own line to the host


def main(config_path: str) -> int:
    config = json.loads(Path(config_path).read_text("utf-8"))
    say = _line(config.pop("mark", ""))
    if say is not None:
        with contextlib.suppress(OSError):  # where it can't go, a program that reads it leaves a sign
            Path(config_path).unlink()
    root = Path.cwd()
    extra = root / config.get("packages", "none")
    if extra.is_dir():  # the task's own, behind the shipped ones
        sys.path.append(str(extra))
    own = _ownership(root, set(config["own"]))
    (root / config["report"]).parent.mkdir(parents=True, exist_ok=True)
    tracer = Tracer(own) if config["trace"] else None
    faulthandler.enable()  # a native crash then says where
    if config.get("dump_after"):
        faulthandler.dump_traceback_later(config["dump_after"], exit=False)
    if say is not None:
        watch(str(root), config.get("packages", "none"), lambda sign: say("sign", sign))
    for name in HOOKS:
        sys.modules.pop(name, None)
    _root(config, root)
    report = _run(config, own, tracer)
    _end()
    if tracer is not None:
        report["trace"] = tracer.report()
    expected = root / config["expect"]
    report["predictions"] = expected.is_file()
    here = expected.parent
    report["written"] = (
        sorted(path.name for path in here.iterdir())[:20] if here.is_dir() and not report["predictions"] else []
    )
    written = _write(root / config["report"], report)
    if say is not None:
        say("report", hashlib.sha256(written).hexdigest())
    faulthandler.cancel_dump_traceback_later()
    return int(report["exit"])


def _line(mark: str) -> "Callable[[str, str], int] | None":
    """What tells the host a word and a text, on a descriptor of its own; None without a mark."""
    if not mark:
        return None
    handle, write = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, OUT_OF_REACH), os.write

    def say(word: str, text: str) -> int:
        try:
            return write(handle, f"\n{mark} {word} {text[:500]!r}\n".encode("utf-8", "replace"))
        except OSError:  # the program closed it: the report is then one that nobody told of
            return 0

    return say


def _end() -> None:
    """What the program wants done at its end comes before the report: nothing of it runs behind the hook's back."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def _root(config: dict[str, Any], root: Path) -> None:
    """Put the work folder's path in the place of the configuration's mark, where it has one."""
    mark = config.get("root", "")
    if mark:
        config["script"], *config["argv"] = (w.replace(mark, f"{root}/") for w in (config["script"], *config["argv"]))
        os.environ.update({name: value.replace(mark, f"{root}/") for name, value in os.environ.items()})


def _ownership(root: Path, names: set[str]) -> Any:
    def own(filename: str) -> str:
        try:
            path = (root / filename).resolve().relative_to(root.resolve()).as_posix()
        except (ValueError, OSError):
            return ""
        return path if path in names else ""

    return own


def _run(config: dict[str, Any], own: Any, tracer: "Tracer | None") -> dict[str, Any]:
    script = config["script"]
    sys.argv = [script or config["name"] or "-m", *config["argv"]]
    first = [str(Path(script).resolve().parent)] if script else []
    folders = [str(Path(path).resolve()) for path in config["paths"] if Path(path).is_dir()]
    sys.path[0:1] = dict.fromkeys([*first, *folders])
    try:
        if tracer is not None:
            tracer.start()
        namespace = _start(config)
    except SystemExit as error:
        _stop(tracer)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if error.code is not None and not isinstance(error.code, int):
            sys.stderr.write(f"{_text_of(error)}\n")  # as Python itself does
        return {"exit": code, "error": _error(error, own) if code else None}
    except BaseException as error:  # border: the program's own failure, whatever it is, becomes the report
        _stop(tracer)
        told = _error(error, own)
        _print(error)
        return {"exit": 1, "error": told}
    _stop(tracer)
    if tracer is None:
        return {"exit": 0, "error": None, "libraries": {}}
    place = script or str(namespace.get("__file__", ""))
    return {
        "exit": 0,
        "error": None,
        "libraries": _libraries(place, namespace, own),
        "values": {own(place): _values(namespace)},
    }


def _start(config: dict[str, Any]) -> dict[str, Any]:
    """Run the script, the module or the function of a console script; what stands at its top level afterwards."""
    if config["script"]:
        return runpy.run_path(config["script"], run_name="__main__")
    if config["module"]:
        return runpy.run_module(config["module"], run_name="__main__", alter_sys=True)
    module, _, names = config["call"].partition(":")
    loaded = importlib.import_module(module)
    called: Any = loaded
    for name in names.split("."):
        called = getattr(called, name)
    if code := called():
        sys.exit(code)
    return vars(loaded)


def _libraries(script: str, namespace: dict[str, Any], own: Any) -> dict[str, dict[str, str]]:
    """Path -> what the library functions called in this own file take."""
    try:
        spaces = _spaces(script, namespace)
        return {own(file): signatures(_text(file), space, own) for file, space in spaces.items() if own(file)}
    except Exception:  # border: what is left of the program may do anything; a hint isn't worth its honest end
        return {}


def _spaces(script: str, namespace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """File -> names at its top level, of every loaded module."""
    modules = [vars(module) for module in list(sys.modules.values()) if inspect.ismodule(module)]
    files = {space["__file__"]: space for space in modules if isinstance(space.get("__file__"), str)}
    return files | {script: namespace}


def _text(file: str) -> str:
    """The source as it was read, or "": the program may have moved away from it."""
    return "".join(linecache.getlines(file))


def _stop(tracer: "Tracer | None") -> None:
    if tracer is not None:
        tracer.stop()


def _print(error: BaseException) -> None:
    try:
        traceback.print_exception(type(error), error, _skip_hook(error.__traceback__), limit=-40)
    except Exception as fault:  # border: an exception whose own text raises still has a name
        sys.stderr.write(f"{type(error).__name__} (its text can't be shown: {type(fault).__name__})\n")


def _skip_hook(tb: "TracebackType | None") -> "TracebackType | None":
    while tb is not None and (
        Path(tb.tb_frame.f_code.co_filename).parent in (HERE, Path(HERE.name))
        or tb.tb_frame.f_globals.get("__name__") == "runpy"
    ):
        tb = tb.tb_next
    return tb


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as fault:  # border: as above
        return f"<no text: {type(fault).__name__}>"


def _error(error: BaseException, own: Any) -> dict[str, Any]:
    message = _text_of(error)[:2000]
    frames, tb = [], _skip_hook(error.__traceback__)
    while tb is not None:
        frames.append(tb)
        tb = tb.tb_next
    if len(frames) > HEAD + TAIL:
        frames = frames[:HEAD] + frames[-TAIL:]
    told: dict[str, Any] = {
        "type": type(error).__name__,
        "message": message,
        "frames": [_frame(tb, own) for tb in frames],
    }
    told["near"] = near(error)
    inner = next((tb for tb in reversed(frames) if own(tb.tb_frame.f_code.co_filename)), None)
    told["libraries"] = {} if inner is None else _around(inner, own)
    if isinstance(error, SyntaxError):
        line = error.lineno if type(error.lineno) is int and 0 <= error.lineno < 10**9 else None
        told["syntax"] = {"file": str(error.filename)[-300:], "line": line, "text": str(error.text or "")[:200]}
    return told


def _frame(tb: TracebackType, own: Any) -> dict[str, Any]:
    code = tb.tb_frame.f_code
    path = own(code.co_filename)
    told: dict[str, Any] = {
        "file": path or code.co_filename[-200:],
        "own": bool(path),
        "line": tb.tb_lineno,
        "function": getattr(code, "co_qualname", code.co_name),
        "source": linecache.getline(code.co_filename, tb.tb_lineno).strip()[:200],
    }
    if path:
        told["locals"] = _values(tb.tb_frame.f_locals)
    return told


def _values(names: Mapping[str, object]) -> dict[str, Any]:
    """What variables hold; a file's modules, functions and classes are none."""
    told = [(name, value) for name, value in names.items() if not name.startswith("__") and not _is_code(value)]
    return {name: describe(value) for name, value in told[:LOCALS]}


def _is_code(value: object) -> bool:
    """By its type alone: asking the value itself would run code of its own."""
    return issubclass(type(value), (ModuleType, FunctionType, BuiltinFunctionType, type))


def _around(tb: TracebackType, own: Any) -> dict[str, str]:
    """What the library functions take that are called around the line where `tb` stands."""
    frame = tb.tb_frame
    names = {**frame.f_globals, **frame.f_locals}
    found: dict[str, str] = signatures(_text(frame.f_code.co_filename), names, own, tb.tb_lineno)
    return found


def _write(path: Path, report: dict[str, Any]) -> bytes:
    """The bytes that were written."""
    text = json.dumps(report, default=str)
    if len(text) > SIZE:  # the trace is a convenience, the error is not
        report.pop("trace", None)
        text = json.dumps(report, default=str)
    raw = text.encode("utf-8", "replace")
    path.write_bytes(raw)
    return raw


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
