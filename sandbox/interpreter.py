"""What of the host is seen inside: system libraries and this Python, read-only; and what of that is covered.

Installed packages carry labels (contract 2): scikit-learn ships its data sets, `mnist1d` draws its own from a
default seed, scipy tests itself on a labelled one. What holds data is covered (sandbox/datasets), and so is Pelagos
itself with its tasks. Folders are bound at their real paths only, and links to them are made again as links: what is
bound at two paths would have to be covered at both.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import deque
from functools import cache
from pathlib import Path

import pelagos
from pelagos.errors import SandboxError
from sandbox.datasets.folders import carriers, hidden_in, importable
from sandbox.datasets.tables import HOLLOWED

_COVERS = Path(__file__).with_name("covers")
OWN = ("pelagos", "agents", "tools", "sandbox", "memory", "app", "tasks")

# Few, since bubblewrap reads the whole mount table for each.
_SYSTEM = ("bin", "lib", "lib32", "lib64", "libx32", "libexec/gcc", "include", "share/zoneinfo")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_PREFIX = ("bin", "lib", "lib64", "pyvenv.cfg")
_FINDERS = ("__editable__*pelagos*", "pelagos*.pth")
_MOST_LINKS = 40


@cache
def system_folders() -> tuple[list[Path], list[tuple[str, str]]]:
    """Folders to bind, and symbolic links (target, path) of the merged /usr to make again."""
    folders = [path for name in _SYSTEM if (path := Path("/usr") / name).is_dir() and not path.is_symlink()]
    links = [(str(path.readlink()), str(path)) for name in _SYSTEM if (path := Path("/usr") / name).is_symlink()]
    for name in ("bin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            links.append((str(path.readlink()), str(path)))
        elif path.is_dir():
            folders.append(path)
    return folders + [Path(path) for path in _ETC if Path(path).exists()], links


@cache
def python_folders() -> tuple[list[Path], list[tuple[str, str]]]:
    """The same for the interpreter: the parts of its prefixes that it runs from, at their real paths."""
    system, made = system_folders()
    starts = [Path(sys.base_prefix), Path(sys.executable).resolve().parents[1], Path(sys.prefix)]
    wanted = [prefix / name for prefix in starts for name in _PREFIX if (prefix / name).exists()]
    ways = [followed(path) for path in [*wanted, Path(sys.executable)]]
    folders = list(dict.fromkeys(real for real, _ in ways[: len(wanted)] if not _within(real, system)))
    folders = [one for one in folders if not any(other in one.parents for other in folders)]
    known = {path for _, path in made}
    links = dict.fromkeys(link for _, passed in ways for link in passed if link[1] not in known)
    return folders, [link for link in links if not _within(Path(link[1]), [*system, *folders])]


def followed(path: Path) -> tuple[Path, list[tuple[str, str]]]:
    """Where an absolute `path` really leads, and each symbolic link (target, path) on the way, by its own real path.
    Raises SandboxError for links that lead in a circle."""
    links: list[tuple[str, str]] = []
    at, rest = Path("/"), deque(path.parts[1:])
    while rest:
        part = rest.popleft()
        here = at.parent if part == ".." else at / part
        if not here.is_symlink():
            at = here
            continue
        if len(links) == _MOST_LINKS:
            raise SandboxError(f"{path}: too many symbolic links")
        target = here.readlink()
        links.append((str(target), str(here)))
        at = Path("/") if target.is_absolute() else at
        rest.extendleft(reversed(target.parts[1:] if target.is_absolute() else target.parts))
    return at, links


@cache
def covered() -> list[Path]:
    """Every path inside those folders that must not be seen: labels, editable finders, Pelagos and its tasks."""
    shown = [*system_folders()[0], *python_folders()[0]]
    hidden = hidden_in(shown)
    hidden |= {found for place in importable() for pattern in _FINDERS for found in place.glob(pattern)}
    hidden |= set(_own_tree())
    return outermost({path for path in hidden if _within(path, shown)})


def outermost(paths: set[Path]) -> list[Path]:
    """Those that lie in none of the others. To be asked of what is shown alone: what isn't covers nothing."""
    return sorted(path for path in paths if not any(above in paths for above in path.parents))


def cover_of(path: Path, package: bool | None = None) -> Path:
    """What stands in for a covered path: a device for a file, an empty folder for a folder, for a package one that
    says why it refuses, or that still imports where its parent needs it."""
    if not path.is_dir():
        return Path(os.devnull)
    if not (package or (path / "__init__.py").is_file()):
        return _COVERS / "empty"
    return _COVERS / ("hollow" if path.as_posix().endswith(HOLLOWED) else "refuses")


def mask(packages: Path) -> None:
    """Cover a folder of installed packages in place: what carries labels goes, and says why when it is imported."""
    for found in carriers(packages):
        if not _within(found, [packages.resolve()]):  # behind a link: not ours to remove
            continue
        if not found.is_dir():
            found.unlink()
            continue
        was_package = (found / "__init__.py").is_file()
        shutil.rmtree(found)
        found.mkdir()
        if was_package:
            shutil.copy(cover_of(found, package=True) / "__init__.py", found)


def _own_tree() -> list[Path]:
    """A checkout is covered whole; an installation package by package, as others live beside it."""
    root = Path(pelagos.__file__).resolve().parents[1]
    if (root / "pyproject.toml").exists():
        return [root]
    return [root / name for name in OWN if (root / name).is_dir()]


def _within(path: Path, folders: list[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def translate(argv: list[str]) -> list[str]:
    """`python` means this interpreter."""
    return [sys.executable, *argv[1:]] if argv and argv[0] == "python" else argv


def environment(cpus: float, home: str, temporary: str) -> dict[str, str]:
    """A whole environment from nothing: fixed hash seed, thread counts that fit the allowance."""
    threads = str(max(round(cpus), 1))
    pools = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB", "NUMBA", "RAYON")
    return {f"{pool}_NUM_THREADS": threads for pool in pools} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "HOME": home,
        "TMPDIR": temporary,
        "MPLCONFIGDIR": temporary,
        "MPLBACKEND": "Agg",
        "USER": "pelagos",
        "LOGNAME": "pelagos",
        "LANG": "C.UTF-8",
        "LOKY_MAX_CPU_COUNT": threads,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONFAULTHANDLER": "1",
    }
