"""Runs inside the sandbox, beside the runner: tells what a program touches outside its places. Standard library only.

Python's audit events tell of it (PEP 578); a hook can't be removed, and threads and forked children have it as well.
Only what the program's own code asks for counts: libraries read many files. Each sign goes out at once, by the log that
the host reads, so that nothing can take it back. It's still told by the process that runs untrusted code: signs speak
against a program, their absence for nothing.
"""

import os
import pathlib
import re
import shlex
import sys
from collections.abc import Callable
from typing import Any

ELSEWHERE = re.compile(r"/(proc|sys|etc|home|root|usr|var|mnt|opt|run|lib|lib64|bin|sbin|srv|media|boot)(/.*)?", re.S)
HARMLESS = re.compile(
    r"/proc/(cpuinfo|meminfo|loadavg|stat|version|self/(status|statm|stat|cgroup))|/sys/(fs/cgroup|devices/system)/.*"
    r"|/etc/(localtime|timezone|os-release|mime\.types)|/usr/share/zoneinfo(/.*)?"
)
RUNNERS = re.compile(r"(_pelagos(/.*)?|out/_report\.json)", re.S)
HOOKS = frozenset({"runner_hook", "trace_hook", "describe_hook", "library_hook", "signs_hook", "check_hook"})
PATHS = {
    "open": "opened", "os.listdir": "listed", "os.scandir": "listed", "os.chdir": "went to", "os.symlink": "linked",
    "os.link": "linked", "os.remove": "removed", "os.rename": "moved", "os.truncate": "cut",
}  # fmt: skip
STARTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"})
PLAIN = {
    "socket.connect": "connected to the network", "socket.sendto": "connected to the network",
    "os.fork": "forked by itself", "os.forkpty": "forked by itself",
    "gc.get_objects": "looked through the process's memory", "gc.get_referrers": "looked through the process's memory",
}  # fmt: skip
FORGED = {"compile": 1, "code.__new__": 1}  # event -> place of the file name in its arguments
ASKS = frozenset({
    "nproc", "lscpu", "nvidia-smi", "rocm-smi", "uname", "free", "hostname", "getconf", "ldconfig", "lsb_release",
    "uptime", "df", "arch", "which", "id", "ip", "arp", "ifconfig", "netstat",
})  # fmt: skip
ASKS_OF_GIT = frozenset({"rev-parse", "describe", "status", "log", "--version"})
LIBRARY = (str(pathlib.Path(os.__file__).parent) + os.sep, "<frozen")
# What opens a file because the program names it.
OPENERS = re.compile(
    r"-packages/(numpy/(lib|_?core/(memmap|records))|scipy/io|pandas/io|PIL|imageio|skimage/io|h5py|tifffile|pyarrow"
    r"|polars|joblib/numpy_pickle|torch/serialization)\b"
)
WORKERS = re.compile(r"/(multiprocessing|concurrent)/")
MOST = 20


def watch(root: str, packages: str, say: Callable[[str], object]) -> None:
    """`root`: the work folder, `packages`: the task's own in it. `say` is told each sign once, `MOST` at most.

    All that it needs is bound here: whoever changes this module or the library changes nothing in it.
    """
    asked, forging = _askers(packages)
    place, command, told, most = _places(root), _asks, set[str](), MOST
    paths, starts, plain, forged, hooks = PATHS, STARTS, PLAIN, FORGED, HOOKS

    def sign_of(event: str, arguments: tuple[Any, ...]) -> str:
        if event in paths:
            return place(paths[event], arguments)
        if event in starts:
            return command(event, arguments)
        if event == "import":
            return f"imported parts of Pelagos: {arguments[0]}" if arguments[0] in hooks else ""
        return forging(arguments[forged[event]]) if event in forged else plain.get(event, "")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        sign = sign_of(event, arguments)
        if sign and sign not in told and len(told) < most and asked(event):
            told.add(sign)
            say(sign)

    sys.addaudithook(hook)


def _places(root: str) -> Callable[[str, tuple[Any, ...]], str]:
    """What says of a verb and its paths that they lead outside, or to what belongs to the runner."""
    inside = (root + "/", *(f"{path}/" for path in (sys.prefix, sys.base_prefix, *sys.path) if path.startswith("/")))
    elsewhere, harmless, runners = ELSEWHERE.fullmatch, HARMLESS.fullmatch, RUNNERS.fullmatch
    current, norm, text = os.getcwd, os.path.normpath, _path

    def sign(verb: str, full: str) -> str:
        if full == "/":
            return "listed the root of the file system" if verb == "listed" else ""
        if f"{full}/".startswith(inside):
            below = full[len(root) + 1 :] if full.startswith(inside[0]) else ""
            return f"{verb} a file of its runner: {below[:100]}" if verb != "listed" and runners(below) else ""
        return f"{verb} {full[:200]}" if elsewhere(full) and not harmless(full) else ""

    def place(verb: str, arguments: tuple[Any, ...]) -> str:
        for argument in arguments[: 2 if verb in {"linked", "moved"} else 1]:
            path = text(argument)
            full = norm(path if path.startswith("/") else f"{current()}/{path}").replace("//", "/")
            if found := sign(verb, full):
                return found
        return ""

    return place


def _askers(packages: str) -> tuple[Callable[[str], bool], Callable[[object], str]]:
    """Whether the program's own code asked for an event, and what says that it compiles code under a false name."""
    foreign = re.compile(rf"-packages/|(^|/)_pelagos/|(^|/){re.escape(packages)}/").search
    frame_at, library, opener, worker, text = sys._getframe, LIBRARY, OPENERS.search, WORKERS.search, _path

    def passed(name: str) -> bool:
        """The standard library, code made from a text, and what opens the files that it is told to."""
        return (name.startswith(("<", library[0])) and "-packages" not in name) or opener(name) is not None

    def asked(event: str) -> bool:
        """Whether the nearest frame that isn't passed over is the program's own."""
        frame = frame_at(2)
        while frame is not None:
            name = frame.f_code.co_filename
            if event.startswith("os.fork") and worker(name):
                return False
            if not passed(name):
                return foreign(name) is None
            frame = frame.f_back  # type: ignore[assignment]
        return False

    def forging(name: object) -> str:
        given, direct = text(name), frame_at(3).f_code.co_filename
        false = given.startswith(library) or "-packages/" in given
        own = false and not passed(direct) and not foreign(direct)
        return f"compiled code under a library's name: {given[:100]}" if own else ""

    return asked, forging


def _path(argument: object) -> str:
    """A path as the system will read it; a class of the program's own may say what it likes, so it isn't asked."""
    if isinstance(argument, bytes):
        return bytes.decode(argument, "utf-8", "replace")
    if isinstance(argument, str):
        return str.encode(argument, "utf-8", "replace").decode()
    return pathlib.PurePath.__str__(argument) if isinstance(argument, pathlib.PurePath) else ""


def _asks(event: str, arguments: tuple[Any, ...]) -> str:
    """What is started, or "" where it only asks what machine this is."""
    held = [*arguments[:2]] if event != "os.system" else [None, *arguments[:1]]
    told = held[1] if held[1] else held[0]
    words = [_path(word) for word in told] if isinstance(told, (list, tuple)) else _words(_path(told))
    if len(words) > 2 and words[1] == "-c" and words[0].rpartition("/")[2] in {"sh", "bash", "dash"}:
        words = _words(words[2])
    name = words[0].rpartition("/")[2] if words else "?"
    harmless = name in ASKS or (name == "git" and len(words) > 1 and words[1] in ASKS_OF_GIT)
    return "" if harmless and not any("/" in word for word in words[1:]) else f"started {name[:100]}"


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        return ["?"]
    return ["sh"] if re.search(r"[|&;<>`$()\n]", text) else words
