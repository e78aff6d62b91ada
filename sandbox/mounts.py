"""bubblewrap's mount options, in order: what is shown, what is covered, what is handed in.

Parents are made by hand: bubblewrap would make them 0700, closed to another uid, and Python inside would silently
fall back to another installation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pelagos.errors import SandboxError
from sandbox.collect import parts
from sandbox.interpreter import cover_of

HOME = "/job"
TMP = "/tmp"  # noqa: S108  inside the jail
TEMPORARY = (HOME, TMP, "/dev/shm")  # noqa: S108


class Mounts:
    """Collects options; `take` hands over those since the last time."""

    def __init__(self) -> None:
        self._options: list[str] = []
        self._made = {Path("/"), Path("/dev"), *(Path(path) for path in TEMPORARY)}

    def show(self, folders: Sequence[Path], links: Sequence[tuple[str, str]]) -> None:
        """Bind host paths read-only where they are, and make symbolic links (target, path) again."""
        for folder in folders:
            self._parents(folder)
            self._options += ["--ro-bind", str(folder), str(folder)]
        for target, path in links:
            self._parents(Path(path))
            self._options += ["--symlink", target, path]

    def cover(self, hidden: Sequence[Path]) -> None:
        """Bind over each path what stands in for it."""
        for path in hidden:
            self._options += ["--ro-bind", str(cover_of(path)), str(path)]

    def bind(self, readonly: Mapping[str, Path], foreign: bool) -> None:
        """Host paths at names in the work folder. `foreign`: the code runs as somebody else than we."""
        for name, source in readonly.items():
            at = Path(HOME).joinpath(*parts(name))
            self._parents(at)
            self._options += ["--ro-bind", str(readable(source, foreign)), str(at)]

    def take(self) -> list[str]:
        taken, self._options = self._options, []
        return taken

    def _parents(self, path: Path) -> None:
        for above in reversed(path.parents):
            if above not in self._made:
                self._options += ["--perms", "0755", "--dir", str(above)]
                self._made.add(above)


def readable(source: Path, foreign: bool) -> Path:
    """The real path, if the sandbox's user can read it. Raises SandboxError."""
    try:
        path = source.resolve(strict=True)
    except OSError as error:
        raise SandboxError(f"{source}: can't be shown to the sandbox: {error.strerror}") from error
    needed = 0o005 if path.is_dir() else 0o004
    if foreign and path.stat().st_mode & needed != needed:
        raise SandboxError(f"{source}: the sandbox's user can't read it: chmod -R o+rX {source}")
    return path
