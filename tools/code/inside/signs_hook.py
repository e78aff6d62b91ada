"""Runs inside the sandbox, beside the runner: reports what a program accesses outside its own folders. Standard library
only.

Listens to Python's audit events (PEP 578). An audit hook can't be removed, and threads and forked children inherit it.
Only requests of the program's own code count, because libraries read many files. Each finding is sent at once through
the log that the host reads, so it can't be withdrawn. The reporting process still runs untrusted code: findings are
evidence against a program; their absence proves nothing.
"""

import os
import pathlib
import re
import shlex
import sys
from collections.abc import Callable
from typing import Any

OUTSIDE = re.compile(r"/(proc|sys|etc|home|root|usr|var|mnt|opt|run|lib|lib64|bin|sbin|srv|media|boot)(/.*)?", re.S)
HARMLESS = re.compile(
    r"/proc/(cpuinfo|meminfo|loadavg|stat|version|self/(status|statm|stat|cgroup))|/sys/(fs/cgroup|devices/system)/.*"
    r"|/etc/(localtime|timezone|os-release|mime\.types)|/usr/share/zoneinfo(/.*)?"
)
RUNNER_FILES = re.compile(r"(_pelagos(/.*)?|out/_report\.json)", re.S)
HOOKS = frozenset({
    "runner_hook", "trace_hook", "describe_hook", "library_hook", "signs_hook", "amounts_hook",
    "calls_hook", "layers_hook", "naming_hook", "rates_hook",
})  # fmt: skip
COUNTER_FILE = "_pelagos/amounts_hook.py"  # calls through it count as the program's own
PATH_EVENTS = {
    "open": "opened", "os.listdir": "listed", "os.scandir": "listed", "os.chdir": "went to", "os.symlink": "linked",
    "os.link": "linked", "os.remove": "removed", "os.rename": "moved", "os.truncate": "cut",
}  # fmt: skip
START_EVENTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"})
OTHER_EVENTS = {
    "socket.connect": "connected to the network", "socket.sendto": "connected to the network",
    "os.fork": "forked by itself", "os.forkpty": "forked by itself",
    "gc.get_objects": "looked through the process's memory", "gc.get_referrers": "looked through the process's memory",
}  # fmt: skip
COMPILE_EVENTS = {"compile": 1, "code.__new__": 1}  # event -> index of the file name in its arguments
HARMLESS_COMMANDS = frozenset({
    "nproc", "lscpu", "nvidia-smi", "rocm-smi", "uname", "free", "hostname", "getconf", "ldconfig", "lsb_release",
    "uptime", "df", "arch", "which", "id", "ip", "arp", "ifconfig", "netstat",
})  # fmt: skip
HARMLESS_GIT_COMMANDS = frozenset({"rev-parse", "describe", "status", "log", "--version"})
LIBRARY = (str(pathlib.Path(os.__file__).parent) + os.sep, "<frozen")
# Library code that opens a file because the program names it.
OPENERS = re.compile(
    r"-packages/(numpy/(lib|_?core/(memmap|records))|scipy/io|pandas/io|PIL|imageio|skimage/io|h5py|tifffile|pyarrow"
    r"|polars|joblib/numpy_pickle|torch/serialization)\b"
)
WORKERS = re.compile(r"/(multiprocessing|concurrent)/")
MAX_FINDINGS = 20


def watch(root: str, packages: str, send: Callable[[str], object]) -> None:
    """Install the audit hook. `root` is the work folder, `packages` the folder of the task's own packages in it. `send`
    gets each finding once, at most MAX_FINDINGS.

    All objects that the hook needs are bound here, so later changes of this module or of a library don't affect it.
    """
    is_own_request, check_compile = _make_caller_checks(packages)
    check_path, describe_command = _make_path_check(root), _describe_command
    reported, max_findings, hooks = set[str](), MAX_FINDINGS, HOOKS
    path_events, start_events, other_events, compile_events = PATH_EVENTS, START_EVENTS, OTHER_EVENTS, COMPILE_EVENTS

    def find_access(event: str, arguments: tuple[Any, ...]) -> str:
        if event in path_events:
            return check_path(path_events[event], arguments)
        if event in start_events:
            return describe_command(event, arguments)
        if event == "import":
            return f"imported parts of Pelagos: {arguments[0]}" if arguments[0] in hooks else ""
        if event in compile_events:
            return check_compile(arguments[compile_events[event]])
        return other_events.get(event, "")

    def audit_hook(event: str, arguments: tuple[Any, ...]) -> None:
        finding = find_access(event, arguments)
        if finding and finding not in reported and len(reported) < max_findings and is_own_request(event):
            reported.add(finding)
            send(finding)

    sys.addaudithook(audit_hook)


def _make_path_check(root: str) -> Callable[[str, tuple[Any, ...]], str]:
    """A function that describes an access (verb, paths) outside the own folders or to the runner's files, or ""."""
    inside = (root + "/", *(f"{path}/" for path in (sys.prefix, sys.base_prefix, *sys.path) if path.startswith("/")))
    is_outside, is_harmless, is_runner_file = OUTSIDE.fullmatch, HARMLESS.fullmatch, RUNNER_FILES.fullmatch
    current_folder, normalize, path_text = os.getcwd, os.path.normpath, _path_text

    def describe_access(verb: str, full: str) -> str:
        if full == "/":
            return "listed the root of the file system" if verb == "listed" else ""
        if f"{full}/".startswith(inside):
            below = full[len(root) + 1 :] if full.startswith(inside[0]) else ""
            return f"{verb} a file of its runner: {below[:100]}" if verb != "listed" and is_runner_file(below) else ""
        return f"{verb} {full[:200]}" if is_outside(full) and not is_harmless(full) else ""

    def check_path(verb: str, arguments: tuple[Any, ...]) -> str:
        for argument in arguments[: 2 if verb in {"linked", "moved"} else 1]:
            path = path_text(argument)
            full = normalize(path if path.startswith("/") else f"{current_folder()}/{path}").replace("//", "/")
            if finding := describe_access(verb, full):
                return finding
        return ""

    return check_path


def _make_caller_checks(packages: str) -> tuple[Callable[[str], bool], Callable[[object], str]]:
    """Two functions: whether the program's own code caused an event, and the finding if it compiles code under a
    library's file name."""
    is_foreign = re.compile(rf"-packages/|(^|/)_pelagos/|(^|/){re.escape(packages)}/").search
    frame_at, library, path_text = sys._getframe, LIBRARY, _path_text
    is_opener, is_worker, counter_file = OPENERS.search, WORKERS.search, COUNTER_FILE

    def is_transparent(name: str) -> bool:
        """Whether a frame is skipped: the standard library, code compiled from a text, openers and the counter."""
        return (
            name.endswith(counter_file)
            or (name.startswith(("<", library[0])) and "-packages" not in name)
            or is_opener(name) is not None
        )

    def is_own_request(event: str) -> bool:
        """Whether the nearest frame that is not skipped belongs to the program."""
        frame = frame_at(2)
        while frame is not None:
            name = frame.f_code.co_filename
            if event.startswith("os.fork") and is_worker(name):
                return False
            if not is_transparent(name):
                return is_foreign(name) is None
            frame = frame.f_back  # type: ignore[assignment]
        return False

    def check_compile(name: object) -> str:
        file_name, caller_file = path_text(name), frame_at(3).f_code.co_filename
        is_library_name = file_name.startswith(library) or "-packages/" in file_name or "_pelagos/" in file_name
        is_forged = is_library_name and not is_transparent(caller_file) and not is_foreign(caller_file)
        return f"compiled code under a library's name: {file_name[:100]}" if is_forged else ""

    return is_own_request, check_compile


def _path_text(argument: object) -> str:
    """A path as the system reads it. Methods of the program's own subclasses are not called: they may return
    anything."""
    if isinstance(argument, bytes):
        return bytes.decode(argument, "utf-8", "replace")
    if isinstance(argument, str):
        return str.encode(argument, "utf-8", "replace").decode()
    return pathlib.PurePath.__str__(argument) if isinstance(argument, pathlib.PurePath) else ""


def _describe_command(event: str, arguments: tuple[Any, ...]) -> str:
    """The finding for a started command; "" if the command only asks about the machine."""
    arguments_by_use = [*arguments[:2]] if event != "os.system" else [None, *arguments[:1]]
    command = arguments_by_use[1] if arguments_by_use[1] else arguments_by_use[0]
    words = (
        [_path_text(word) for word in command]
        if isinstance(command, (list, tuple))
        else _split_command(_path_text(command))
    )
    if len(words) > 2 and words[1] == "-c" and words[0].rpartition("/")[2] in {"sh", "bash", "dash"}:
        words = _split_command(words[2])
    name = words[0].rpartition("/")[2] if words else "?"
    harmless = name in HARMLESS_COMMANDS or (name == "git" and len(words) > 1 and words[1] in HARMLESS_GIT_COMMANDS)
    return "" if harmless and not any("/" in word for word in words[1:]) else f"started {name[:100]}"


def _split_command(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        return ["?"]
    return ["sh"] if re.search(r"[|&;<>`$()\n]", text) else words
