"""Runs inside the sandbox: imports modules, each in a child of its own, and writes what to mend. Standard library only.

`python import_trial.py CONFIG.json` tries all modules. With MODULE and FILE behind it, it is such a child: it imports
that one and writes its findings to FILE. What a library does that the module imports isn't counted: the nearest caller
outside the standard library has to be a file of the packs.
"""

import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

STANDARD = (str(Path(os.__file__).parent) + os.sep, "<frozen")
PACKAGES = "-packages"
MOVE = "move that into a function"
WRITING = set("wax+")
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"}
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.symlink", "os.link", "shutil.rmtree"}
NETWORK = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}
MOST_FINDINGS = 10


class Watch:
    """Notes what the packs' own code does besides defining things, once per line and kind."""

    def __init__(self, folder: str) -> None:
        self.folder, self.findings, self.on = folder, list[str](), True

    def note(self, what: str) -> None:
        frame = self._find_own_frame()
        if not self.on or frame is None or len(self.findings) >= MOST_FINDINGS:
            return
        line = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}: {what} when it is imported; {MOVE}"
        if line not in self.findings:
            self.findings.append(line)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and _writes(arguments):
            self.note(f"writes the file {str(arguments[0])[:100]!r}")
        elif event in STARTS:
            self.note("starts a program")
        elif event in CHANGES:
            self.note(f"changes files ({event})")
        elif event in NETWORK:
            self.note("asks the network")

    def _find_own_frame(self) -> FrameType | None:
        """The nearest caller that is neither this file nor the standard library, if it is a file of the packs."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            standard = name.startswith(STANDARD) and PACKAGES not in name
            if name != __file__ and not standard and not name.startswith("<"):
                return frame if name.startswith(self.folder) else None
            frame = frame.f_back
        return None


class Ear(io.TextIOBase):
    """A stream that notes who writes to it and passes nothing on."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def write(self, text: str) -> int:
        if text.strip():
            self.watch.note("prints")
        return len(text)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    if isinstance(path, int) or str(path).endswith(".pyc") or "__pycache__" in str(path):
        return False
    return bool(WRITING & set(mode)) if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR))


def try_all(config: dict[str, Any], config_path: str) -> dict[str, list[str]]:
    findings: dict[str, list[str]] = {}
    for number, module in enumerate(config["modules"]):
        file = Path("out") / f"{number}.json"
        command = [sys.executable, __file__, config_path, module, str(file)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=config["seconds"])
        except subprocess.TimeoutExpired:
            findings[module] = [f"its import isn't done after {config['seconds']:g} s; {MOVE}"]
            continue
        try:
            findings[module] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            findings[module] = [f"its import ends the process (exit code {done.returncode}); {MOVE}"]
    return findings


def try_one(folder: str, module: str, more: Sequence[str]) -> list[str]:
    """Import one module, with the folders `more` to import from, and return what to mend, a line each."""
    sys.path[0:1] = []
    sys.path += [folder, *(str(Path(other).resolve()) for other in more)]
    watch = Watch(folder)
    sys.addaudithook(watch.hear)
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = Ear(watch)
    error = ""
    try:
        importlib.import_module(module)
    except SystemExit:
        error = f"its import ends the program; {MOVE}"
    except ModuleNotFoundError as fault:
        error = f"can't be imported: {fault}; install it in Pelagos' environment, or mend the name"
    except BaseException as fault:  # the module is others' code
        error = f"can't be imported: {_find_line(fault, folder)}{type(fault).__name__}: {fault}; mend it"
    finally:
        watch.on = False
        sys.stdout, sys.stderr = streams
    return [*watch.findings, *([" ".join(error.split())[:400]] if error else [])]


def _find_line(error: BaseException, folder: str) -> str:
    """`file:line: ` of the innermost frame in the packs."""
    place, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(folder):
            place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}: "
        trace = trace.tb_next
    return place


def main(config_path: str, module: str = "", file: str = "") -> None:
    config = json.loads(Path(config_path).read_text("utf-8"))
    if module:
        findings = try_one(str(Path(config["folder"]).resolve()), module, config["more"])
        Path(file).write_text(json.dumps(findings), "utf-8")
        os._exit(0)  # threads that a module left don't hold the trial up
    Path(config["results"]).write_text(json.dumps(try_all(config, config_path)), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
