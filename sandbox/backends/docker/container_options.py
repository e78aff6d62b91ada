"""Builds the options of a container: it gets only what is listed here, and as little as a program needs.

Without an image of the user's, the container's disk is an image that holds only symbolic links, and the host's system
libraries and this Python are bound into it read-only at their own paths, labels masked, as in bubblewrap.
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
from sandbox.backends.mounts import HOME, TMP, readable_path
from sandbox.gpu.gpus import select_gpus
from sandbox.host import host_view
from sandbox.limits.meter import MB
from sandbox.protocol import Spec

# The kernel limits some resources per uid, so each run has its own; an engine without root maps at most 65536 of them.
UIDS = range(40_000, 60_000)
_serial = itertools.count()
LABEL = "pelagos.owner"
REPOSITORY = "pelagos/host-python"
# For the supervisor, in addition to the program's allowance; its few MB of memory are counted as the program's.
EXTRA_TASKS = 1

_BOOT = "import os\nn=4\nb=b''\nwhile len(b)<n:b+=os.read(0,n-len(b))\nn=int.from_bytes(b,'big')\nb=b''\n"
BOOT = _BOOT + "while len(b)<n:b+=os.read(0,n-len(b))\nexec(b.decode())"


def container_options(spec: Spec, image: str, owner: str) -> dict[str, Any]:
    """Return the keyword arguments of the client's `containers.create`. Raises SandboxError for paths that can't be
    shown inside."""
    size = spec.limits.memory_mb * MB
    user = UIDS[((os.getpid() << 5) + next(_serial)) % len(UIDS)]
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
        "pids_limit": spec.limits.pids + EXTRA_TASKS,
        "shm_size": spec.limits.disk_mb * MB,
        "tmpfs": _tmpfs(spec.limits.disk_mb * MB),
        "mounts": [*([] if image else _host_python_mounts()), *_readonly_mounts(spec)],
        "log_config": _no_log(),
        "device_requests": _device_requests(spec),
    }


def _tmpfs(size: int) -> dict[str, str]:
    """Return the options of each temporary file system; `size` in bytes. Podman mounts writable ones of unlimited size
    over /run and /var/tmp of a read-only container, unless something is mounted there."""
    writable = dict.fromkeys((HOME, TMP), f"rw,exec,nosuid,nodev,size={size},mode=1777")
    return writable | dict.fromkeys(("/run", "/var/tmp"), "ro,nosuid,nodev,noexec,size=4096,mode=755")  # noqa: S108 - mounted empty


def host_image() -> tuple[str, bytes]:
    """Return name and content of the image for this machine's own Python: symbolic links and mount points only.

    Raises MissingPart where the host's Python can't run in a Linux container.
    """
    if not sys.platform.startswith("linux"):
        raise MissingPart("this Python can't run in a Linux container: name an image (sandbox.image), see images/")
    content = _links_archive()
    return f"{REPOSITORY}-{hashlib.sha256(content).hexdigest()[:16]}:latest", content  # Podman ignores tags


def _links_archive() -> bytes:
    links = [*host_view.system_folders()[1], *host_view.python_folders()[1]]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for target, path in sorted(links, key=lambda link: link[1]):
            item = tarfile.TarInfo(path.lstrip("/"))
            item.type, item.linkname, item.mode = tarfile.SYMTYPE, target, 0o777
            archive.addfile(item)
        # a temporary file system gets the mode of the folder below it; some engines make an unlisted root private
        for path, mode in (("./", 0o755), (HOME, 0o1777), (TMP, 0o1777)):
            item = tarfile.TarInfo(path.lstrip("/"))
            item.type, item.mode = tarfile.DIRTYPE, mode
            archive.addfile(item)
    return stream.getvalue()


def _host_python_mounts() -> list[Any]:
    shown = [*host_view.system_folders()[0], *host_view.python_folders()[0]]
    masks = [(host_view.mask_for(path), path) for path in host_view.masked_paths()]
    return [_bind(source, str(path)) for source, path in [*zip(shown, shown, strict=True), *masks]]


def _readonly_mounts(spec: Spec) -> list[Any]:
    from sandbox.collect import split_name

    return [
        _bind(readable_path(source, foreign=True), str(Path(HOME).joinpath(*split_name(name))))
        for name, source in spec.readonly.items()
    ]


def _bind(source: Path, target: str) -> Any:
    from docker.types import Mount

    if not source.exists():
        raise SandboxError(f"{source}: can't be shown to the sandbox: it doesn't exist")
    return Mount(target, str(source), type="bind", read_only=True)


def _device_requests(spec: Spec) -> list[Any]:
    """Request the cards of the spec, by UUID, and no other."""
    from docker.types import DeviceRequest

    if not spec.gpus:
        return []
    return [DeviceRequest(device_ids=[card.uuid for card in select_gpus(spec.gpus)], capabilities=[["gpu"]])]


def _no_log() -> Any:
    """Disable the engine's log: the output is kept here, within a bound."""
    from docker.types import LogConfig

    return LogConfig(type="none")
