"""Defines what of the host is visible inside: system libraries and this Python, read-only, and which of their paths
are masked.

Installed packages carry labels (contract 2): scikit-learn ships its data sets, `mnist1d` generates its own from a
default seed, scipy tests itself on a labelled one. Paths with data are masked (sandbox/datasets), and so is Pelagos
itself with its tasks. Folders are bound at their real paths only, and links to them are created as links: a folder
bound at two paths would have to be masked at both.
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
from sandbox.datasets.folders import find_data_paths, find_datasets, import_folders
from sandbox.datasets.tables import EMPTIED

_MASKS = Path(__file__).with_name("masks")
OWN_PACKAGES = ("pelagos", "agents", "tools", "sandbox", "memory", "app", "tasks")

# As few as possible, since bubblewrap reads the whole mount table for each.
_SYSTEM_FOLDERS = ("bin", "lib", "lib32", "lib64", "libx32", "libexec/gcc", "include", "share/zoneinfo")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_PREFIX_PARTS = ("bin", "lib", "lib64", "pyvenv.cfg")
_EDITABLE_FINDERS = ("__editable__*pelagos*", "pelagos*.pth")
_MOST_LINKS = 40


@cache
def system_folders() -> tuple[list[Path], list[tuple[str, str]]]:
    """Return folders to bind, and symbolic links (target, path) of the merged /usr to create."""
    folders = [path for name in _SYSTEM_FOLDERS if (path := Path("/usr") / name).is_dir() and not path.is_symlink()]
    links = [
        (str(path.readlink()), str(path)) for name in _SYSTEM_FOLDERS if (path := Path("/usr") / name).is_symlink()
    ]
    for name in ("bin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            links.append((str(path.readlink()), str(path)))
        elif path.is_dir():
            folders.append(path)
    return folders + [Path(path) for path in _ETC if Path(path).exists()], links


@cache
def python_folders() -> tuple[list[Path], list[tuple[str, str]]]:
    """Return the same for the interpreter: the parts of its prefixes that it runs from, at their real paths."""
    system, system_links = system_folders()
    prefixes = [Path(sys.base_prefix), Path(sys.executable).resolve().parents[1], Path(sys.prefix)]
    parts = [prefix / name for prefix in prefixes for name in _PREFIX_PARTS if (prefix / name).exists()]
    resolved = [resolve_links(path) for path in [*parts, Path(sys.executable)]]
    folders = list(dict.fromkeys(real for real, _ in resolved[: len(parts)] if not _within(real, system)))
    folders = [folder for folder in folders if not any(other in folder.parents for other in folders)]
    known = {path for _, path in system_links}
    links = dict.fromkeys(link for _, passed in resolved for link in passed if link[1] not in known)
    return folders, [link for link in links if not _within(Path(link[1]), [*system, *folders])]


def resolve_links(path: Path) -> tuple[Path, list[tuple[str, str]]]:
    """Return the real path of an absolute `path`, and each symbolic link (target, path) on the way, by its own real
    path. Raises SandboxError for links that form a circle."""
    links: list[tuple[str, str]] = []
    resolved, remaining = Path("/"), deque(path.parts[1:])
    while remaining:
        part = remaining.popleft()
        candidate = resolved.parent if part == ".." else resolved / part
        if not candidate.is_symlink():
            resolved = candidate
            continue
        if len(links) == _MOST_LINKS:
            raise SandboxError(f"{path}: too many symbolic links")
        target = candidate.readlink()
        links.append((str(target), str(candidate)))
        resolved = Path("/") if target.is_absolute() else resolved
        remaining.extendleft(reversed(target.parts[1:] if target.is_absolute() else target.parts))
    return resolved, links


@cache
def masked_paths() -> list[Path]:
    """Return every path inside those folders that must not be seen: labels, editable finders, Pelagos and its tasks."""
    shown = [*system_folders()[0], *python_folders()[0]]
    masked = find_datasets(shown)
    masked |= {path for folder in import_folders() for pattern in _EDITABLE_FINDERS for path in folder.glob(pattern)}
    masked |= set(_own_tree())
    return outermost({path for path in masked if _within(path, shown)})


def outermost(paths: set[Path]) -> list[Path]:
    """Return the paths that are in none of the others. Pass only visible paths: an invisible one masks nothing."""
    return sorted(path for path in paths if not any(above in paths for above in path.parents))


def mask_for(path: Path, package: bool | None = None) -> Path:
    """Return what is bound over a masked path: a device for a file, an empty folder for a folder; for a package one
    that raises the reason on import, or that still imports where its parent needs it."""
    if not path.is_dir():
        return Path(os.devnull)
    if not (package or (path / "__init__.py").is_file()):
        return _MASKS / "empty"
    return _MASKS / ("hollow" if path.as_posix().endswith(EMPTIED) else "refuses")


def mask_packages(packages: Path) -> None:
    """Mask a folder of installed packages in place: what carries labels is removed, and importing it gives the
    reason."""
    for path in find_data_paths(packages):
        if not _within(path, [packages.resolve()]):  # behind a link: it belongs to another installation
            continue
        if not path.is_dir():
            path.unlink()
            continue
        was_package = (path / "__init__.py").is_file()
        shutil.rmtree(path)
        path.mkdir()
        if was_package:
            shutil.copy(mask_for(path, package=True) / "__init__.py", path)


def _own_tree() -> list[Path]:
    """Return the paths of Pelagos: a checkout is masked whole, an installation package by package, as others are
    beside it."""
    root = Path(pelagos.__file__).resolve().parents[1]
    if (root / "pyproject.toml").exists():
        return [root]
    return [root / name for name in OWN_PACKAGES if (root / name).is_dir()]


def _within(path: Path, folders: list[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def resolve_python(argv: list[str]) -> list[str]:
    """Replace `python` by the path of this interpreter."""
    return [sys.executable, *argv[1:]] if argv and argv[0] == "python" else argv


def build_environment(cpus: float, home: str, temporary: str) -> dict[str, str]:
    """Return a complete environment: fixed hash seed, thread counts that fit the CPU allowance."""
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
