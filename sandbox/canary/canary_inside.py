"""Runs inside the sandbox that is tested, alone and with the standard library only. True means that the aspect held."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

_VSOCK, _NEW_USER, _IO_URING_SETUP = 40, 0x10000000, 425
_ALLOWED = {
    "PATH",
    "HOME",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "LANG",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
    "MPLBACKEND",
    "MPLCONFIGDIR",
}
_ALLOWED_ENDS = ("_NUM_THREADS", "_CPU_COUNT")


def main() -> None:
    question = json.loads(Path("question.json").read_text())
    answer = {
        "python": sys.version.split()[:1] == question["version"].split()[:1],
        "filesystem": not Path(question["secret"]).exists() and _cannot_write_outside(),
        "network": _no_network(question["port"]),
        "secrets": _no_secrets(),
        "labels": _no_labels(question["labels"]),
        "kernel": _calls_refused(),
        "pids": _processes_bounded(question["pids"]),
    }
    Path("answer.json").write_text(json.dumps(answer))


def _no_network(port: int) -> bool:
    for address in (("127.0.0.1", port), ("192.0.2.1", 53)):
        try:
            socket.create_connection(address, timeout=0.5).close()
        except OSError:
            continue
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        try:
            datagram.sendto(b"x", ("192.0.2.1", 53))
        except OSError:
            return True
    return False


def _no_secrets() -> bool:
    names = set(os.environ)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            content = (process / "environ").read_bytes()
        except OSError:
            continue
        names |= {item.split(b"=")[0].decode(errors="replace") for item in content.split(b"\0") if item}
    return all(name in _ALLOWED or name.startswith("PYTHON") or name.endswith(_ALLOWED_ENDS) for name in names)


def _cannot_write_outside() -> bool:
    for path in ("/usr/pelagos", "/etc/pelagos", "/pelagos", "/proc/sys/kernel/core_pattern", sys.prefix + "/pelagos"):
        try:
            Path(path).open("ab").close()
        except OSError:
            continue
        return False
    return True


def _no_labels(patterns: list[str]) -> bool:
    """Whether only the masks of the packages that carry labels are visible."""
    sites = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
    visible = (path for site in sites for pattern in patterns for path in site.glob(pattern))
    files = (path for top in visible for path in [top, *top.rglob("*")] if path.is_file())
    return not any(path.stat().st_size and path.name != "__init__.py" for path in files)


def _calls_refused() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        socket.socket(_VSOCK, socket.SOCK_STREAM).close()
    except OSError:
        unshared: Any = libc.unshare(_NEW_USER)
        ring: Any = libc.syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(120))
        traced: Any = libc.ptrace(0, 0, 0, 0)
        return bool(unshared == ring == traced == -1)
    return False


def _processes_bounded(limit: int) -> bool:
    children: list[int] = []
    try:
        while len(children) <= limit:
            pid = os.fork()
            if not pid:
                os.read(_gate[0], 1)
                os._exit(0)
            children.append(pid)
    except OSError:
        return True
    finally:
        os.close(_gate[1])
        for pid in children:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    return False


if __name__ == "__main__":
    _gate = os.pipe()
    main()
