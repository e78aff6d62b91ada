"""What a container is created with: nothing but what is named here, and as little as a program needs.

Without an image of the user's, the container's disk is an image that holds only symbolic links, and the host's system
libraries and this Python are bound into it read-only at their own paths, labels covered: what bubblewrap shows, too.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from pelagos.errors import MissingPart, SandboxError
from sandbox import interpreter
from sandbox.gpus import chosen
from sandbox.meter import MB
from sandbox.mounts import HOME, TMP, readable
from sandbox.protocol import Spec

# The kernel bounds some things per uid, so runs share none; an engine without root maps no more than 65536 of them.
USERS = range(40_000, 60_000)
_serial = itertools.count()
LABEL = "pelagos.owner"
REPOSITORY = "pelagos/host-python"
# For the supervisor, above the program's allowance; its few MB of memory are the program's.
OWN_TASKS = 1

_BOOT = "import os\nn=4\nb=b''\nwhile len(b)<n:b+=os.read(0,n-len(b))\nn=int.from_bytes(b,'big')\nb=b''\n"
BOOT = _BOOT + "while len(b)<n:b+=os.read(0,n-len(b))\nexec(b.decode())"


def options(spec: Spec, image: str, owner: str) -> dict[str, Any]:
    """Keyword arguments of the client's `containers.create`. Raises SandboxError for what can't be shown inside."""
    size = spec.limits.memory_mb * MB
    user = USERS[((os.getpid() << 5) + next(_serial)) % len(USERS)]
    python = "python3" if image else sys.executable
    return {
        "entrypoint": [python, "-I", "-S", "-c", BOOT],
        "command": [],
        "labels": {LABEL: owner},
        "name": owner,
        "hostname": "pelagos",
        "environment": {},
        "working_dir": "/",
        "user": f"{user}:{user}",
        "stdin_open": True,
        "network_mode": "none",
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": size,
        "memswap_limit": size,
        "nano_cpus": max(int(spec.limits.cpus * 1e9), 10_000_000),
        "pids_limit": spec.limits.pids + OWN_TASKS,
        "shm_size": spec.limits.disk_mb * MB,
        "tmpfs": dict.fromkeys((HOME, TMP), f"rw,exec,nosuid,nodev,size={spec.limits.disk_mb * MB},mode=1777"),
        "mounts": [*([] if image else _host_python()), *_handed_in(spec)],
        "log_config": _no_log(),
        "device_requests": _cards(spec),
    }


def host_image() -> tuple[str, bytes]:
    """Name and content of the image for this machine's own Python: symbolic links and mount points, nothing else.

    Raises MissingPart where the host's Python can't run in a Linux container.
    """
    if not sys.platform.startswith("linux"):
        raise MissingPart("this Python can't run in a Linux container: name an image (sandbox.image), see images/")
    content = _links_only()
    return f"{REPOSITORY}-{hashlib.sha256(content).hexdigest()[:16]}:latest", content  # Podman ignores tags


def _links_only() -> bytes:
    links = [*interpreter.system_folders()[1], *interpreter.python_folders()[1]]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for target, path in sorted(links, key=lambda link: link[1]):
            item = tarfile.TarInfo(path.lstrip("/"))
            item.type, item.linkname, item.mode = tarfile.SYMTYPE, target, 0o777
            archive.addfile(item)
        # the engine gives a temporary file system the mode of the folder below it, some make an unnamed root private
        for path, mode in (("./", 0o755), (HOME, 0o1777), (TMP, 0o1777)):
            item = tarfile.TarInfo(path.lstrip("/"))
            item.type, item.mode = tarfile.DIRTYPE, mode
            archive.addfile(item)
    return stream.getvalue()


def _host_python() -> list[Any]:
    shown = [*interpreter.system_folders()[0], *interpreter.python_folders()[0]]
    covers = [(interpreter.cover_of(path), path) for path in interpreter.covered()]
    return [_bind(source, str(path)) for source, path in [*zip(shown, shown, strict=True), *covers]]


def _handed_in(spec: Spec) -> list[Any]:
    from sandbox.collect import parts

    return [
        _bind(readable(source, foreign=True), str(Path(HOME).joinpath(*parts(name))))
        for name, source in spec.readonly.items()
    ]


def _bind(source: Path, target: str) -> Any:
    from docker.types import Mount

    if not source.exists():
        raise SandboxError(f"{source}: can't be shown to the sandbox: it doesn't exist")
    return Mount(target, str(source), type="bind", read_only=True)


def _cards(spec: Spec) -> list[Any]:
    """The cards it was given, by UUID, and no other."""
    from docker.types import DeviceRequest

    if not spec.gpus:
        return []
    return [DeviceRequest(device_ids=[card.uuid for card in chosen(spec.gpus)], capabilities=[["gpu"]])]


def _no_log() -> Any:
    """The engine keeps nothing of what a program prints: we do, within a bound."""
    from docker.types import LogConfig

    return LogConfig(type="none")
