"""Runs inside the sandbox: starts the program and writes what happened to one JSON file. Standard library only.

`python runner_hook.py CONFIG.json`, where the configuration names the script, its arguments, the program's own
files, the report's path, the expected output and whether to watch functions. The report is written by the same
process that runs untrusted code: it is a hint for debugging, never a score.
"""

import faulthandler
import json
import os
import runpy
import sys
import traceback
from types import TracebackType
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from describe_hook import describe  # noqa: E402
from trace_hook import Tracer  # noqa: E402

HEAD, TAIL, LOCALS, SIZE = 4, 24, 24, 200_000


def main(config_path: str) -> int:
    with open(config_path, encoding="utf-8") as file:
        config = json.load(file)
    root = os.getcwd()
    own = _ownership(root, set(config["own"]))
    os.makedirs(os.path.dirname(config["report"]) or ".", exist_ok=True)
    tracer = Tracer(own) if config["trace"] else None
    if config.get("dump_after"):
        faulthandler.dump_traceback_later(config["dump_after"], exit=False)
    report = _run(config["script"], config["argv"], own, tracer)
    if tracer is not None:
        report["trace"] = tracer.report()
    expected = os.path.join(root, config["expect"])
    report["predictions"] = os.path.isfile(expected)
    report["written"] = sorted(os.listdir(os.path.dirname(expected)))[:20] if not report["predictions"] else []
    _write(os.path.join(root, config["report"]), report)
    faulthandler.cancel_dump_traceback_later()
    return int(report["exit"])


def _ownership(root: str, names: set[str]) -> Any:
    real = os.path.realpath(root)

    def own(filename: str) -> str:
        path = os.path.relpath(os.path.realpath(os.path.join(root, filename)), real).replace(os.sep, "/")
        return path if path in names else ""

    return own


def _run(script: str, argv: list[str], own: Any, tracer: "Tracer | None") -> dict[str, Any]:
    sys.argv = [script, *argv]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    try:
        if tracer is not None:
            tracer.start()
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        _stop(tracer)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return {"exit": code, "error": _error(error, own) if code else None}
    except BaseException as error:  # border: the program's own failure, whatever it is, becomes the report
        _stop(tracer)
        told = _error(error, own)
        _print(error)
        return {"exit": 1, "error": told}
    _stop(tracer)
    return {"exit": 0, "error": None}


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
        os.path.dirname(os.path.abspath(tb.tb_frame.f_code.co_filename)) == HERE
        or tb.tb_frame.f_globals.get("__name__") == "runpy"
    ):
        tb = tb.tb_next
    return tb


def _error(error: BaseException, own: Any) -> dict[str, Any]:
    try:
        message = str(error)[:2000]
    except Exception as fault:  # border: as above
        message = f"<no text: {type(fault).__name__}>"
    frames, tb = [], _skip_hook(error.__traceback__)
    while tb is not None:
        frames.append(tb)
        tb = tb.tb_next
    if len(frames) > HEAD + TAIL:
        frames = frames[:HEAD] + frames[-TAIL:]
    told = {"type": type(error).__name__, "message": message, "frames": [_frame(tb, own) for tb in frames]}
    if isinstance(error, SyntaxError):
        told["syntax"] = {"file": str(error.filename), "line": error.lineno, "text": (error.text or "")[:200]}
    return told


def _frame(tb: TracebackType, own: Any) -> dict[str, Any]:
    import linecache

    code = tb.tb_frame.f_code
    path = own(code.co_filename)
    told: dict[str, Any] = {
        "file": path or code.co_filename[-200:],
        "own": bool(path),
        "line": tb.tb_lineno,
        "function": getattr(code, "co_qualname", code.co_name),
        "source": linecache.getline(code.co_filename, tb.tb_lineno).strip()[:200],
    }
    if path and code.co_name != "<module>":
        local = [(name, value) for name, value in tb.tb_frame.f_locals.items() if not name.startswith("__")]
        told["locals"] = {name: describe(value) for name, value in local[:LOCALS]}
    return told


def _write(path: str, report: dict[str, Any]) -> None:
    text = json.dumps(report, default=str)
    if len(text) > SIZE:  # the trace is a convenience, the error is not
        report.pop("trace", None)
        text = json.dumps(report, default=str)[: SIZE * 2]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
