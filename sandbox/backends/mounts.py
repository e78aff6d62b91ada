"""Builds bubblewrap's mount options, in order: what is shown, what is masked, what is bound read-only.

Parent folders are created explicitly: bubblewrap would create them with mode 0700, closed to another uid, and Python
inside would silently fall back to another installation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pelagos.errors import SandboxError
from sandbox.collect import split_name
from sandbox.host.host_view import mask_for

HOME = "/job"
TMP = "/tmp"  # noqa: S108  inside the jail
TEMPORARY = (HOME, TMP, "/dev/shm")  # noqa: S108


class Mounts:
    """Collects options; `take_options` returns those since the last call."""

    def __init__(self) -> None:
        self._options: list[str] = []
        self._existing = {Path("/"), Path("/dev"), *(Path(path) for path in TEMPORARY)}

    def show(self, folders: Sequence[Path], links: Sequence[tuple[str, str]]) -> None:
        """Bind host paths read-only at their own paths, and create symbolic links (target, path)."""
        for folder in folders:
            self._parents(folder)
            self._options += ["--ro-bind", str(folder), str(folder)]
        for target, path in links:
            self._parents(Path(path))
            self._options += ["--symlink", target, path]

    def mask(self, paths: Sequence[Path]) -> None:
        """Bind its mask over each path."""
        for path in paths:
            self._options += ["--ro-bind", str(mask_for(path)), str(path)]

    def bind(self, readonly: Mapping[str, Path], foreign: bool) -> None:
        """Bind host paths at names in the work folder. `foreign`: the code runs as another user."""
        for name, source in readonly.items():
            target = Path(HOME).joinpath(*split_name(name))
            self._parents(target)
            self._options += ["--ro-bind", str(readable_path(source, foreign)), str(target)]

    def take_options(self) -> list[str]:
        taken, self._options = self._options, []
        return taken

    def _parents(self, path: Path) -> None:
        for parent in reversed(path.parents):
            if parent not in self._existing:
                self._options += ["--perms", "0755", "--dir", str(parent)]
                self._existing.add(parent)


def readable_path(source: Path, foreign: bool) -> Path:
    """Return the real path where the sandbox's user can read it. Raises SandboxError."""
    try:
        path = source.resolve(strict=True)
    except OSError as error:
        raise SandboxError(f"{source}: can't be shown to the sandbox: {error.strerror}") from error
    needed = 0o005 if path.is_dir() else 0o004
    if foreign and path.stat().st_mode & needed != needed:
        raise SandboxError(f"{source}: the sandbox's user can't read it: chmod -R o+rX {source}")
    return path
