"""Finds the data sets in what a sandbox shows: whole package folders, and folders and files in them.

A package folder that this interpreter doesn't import from (another version's, the base installation's of a virtual
environment) isn't needed inside and is masked whole. In the others, data sets known by name are masked, every folder
of tests that holds data, and every other file of a kind that holds data and no code.
"""

from __future__ import annotations

import os
import site
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.datasets.tables import (
    DATA,
    EMPTIED,
    IMPORTED_TESTS,
    LABELS,
    OUTSIDE_PACKAGES,
    READ_AT_WORK,
    SMALLEST_TEXT,
    TESTS,
    TEXT,
)

_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_MAX_DEPTH = 6


def find_datasets(shown: Iterable[Path]) -> set[Path]:
    """Return every path below the folders `shown` that holds a data set."""
    folders = [path for path in shown if path.is_dir()]
    imported = import_folders()
    data_paths = {path for folder in folders for pattern in OUTSIDE_PACKAGES for path in folder.glob(pattern)}
    for packages in (path for folder in folders for path in package_folders(folder)):
        real = packages.resolve()
        if real in imported:
            data_paths |= find_data_paths(packages)
        elif not any(real in folder.parents for folder in imported):
            data_paths.add(packages)
    return data_paths


def import_folders() -> set[Path]:
    """Return the package folders that this interpreter imports from."""
    candidates = [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {Path(candidate).resolve() for candidate in candidates if Path(candidate).is_dir()}


def package_folders(folder: Path) -> Iterator[Path]:
    """Yield every package folder at most six levels below `folder`, or `folder` itself."""
    if folder.name in _PACKAGE_FOLDERS:
        yield folder
        return
    for parent, names, _ in os.walk(folder):
        yield from (Path(parent) / name for name in names if name in _PACKAGE_FOLDERS)
        deep = len(Path(parent).parts) - len(folder.parts) >= _MAX_DEPTH
        names[:] = [] if deep else [name for name in names if name not in _PACKAGE_FOLDERS]


def find_data_paths(packages: Path) -> set[Path]:
    """Return the paths with data in one package folder: whole folders where nothing else is in them, else files."""
    data_paths = {path for pattern in (*LABELS, *EMPTIED) for path in packages.glob(pattern)}
    seen: set[Path] = set()
    for parent, folders, files in os.walk(packages, followlinks=True):
        folder = Path(parent)
        folders[:] = [
            name for name in folders if _is_unvisited(folder / name, seen) and folder / name not in data_paths
        ]
        tests = {folder / name for name in folders if name in TESTS and _is_masked_whole(packages, folder / name)}
        folders[:] = [name for name in folders if folder / name not in tests]
        data_paths |= tests | _data_in_folder(packages, folder, folders, files)
    resolved = {path.resolve() for path in data_paths}
    return {path for path in resolved if not any(parent in resolved for parent in path.parents)}


def _is_unvisited(folder: Path, seen: set[Path]) -> bool:
    """Whether to enter a folder. Links to folders are followed, each once."""
    if folder.name == "__pycache__" or folder.name.endswith(".dist-info"):
        return False
    if folder.is_symlink():
        real = folder.resolve()
        if real in seen or real in folder.parents:
            return False
        seen.add(real)
    return True


def _is_masked_whole(packages: Path, tests: Path) -> bool:
    if tests.relative_to(packages).as_posix() in IMPORTED_TESTS:
        return False
    files = (Path(parent) / name for parent, _, names in os.walk(tests) for name in names)
    return any(DATA.search(path.name) or _is_long_text(path) for path in files)


def _is_long_text(path: Path) -> bool:
    return bool(TEXT.search(path.name)) and path.lstat().st_size >= SMALLEST_TEXT


def _data_in_folder(packages: Path, folder: Path, folders: list[str], files: list[str]) -> set[Path]:
    """Return the folder itself where most of it is data and nothing is code, else its data files."""
    candidates = {folder / name for name in files if DATA.search(name)}
    data = {path for path in candidates if not path.relative_to(packages).as_posix().startswith(READ_AT_WORK)}
    code = folders or any(name.endswith((".py", ".pyc", ".pyi", ".so")) for name in files)
    mostly_data = folder != packages and not code and len(data) == len(candidates) and 2 * len(data) > len(files)
    return {folder} if data and mostly_data else data
