"""Where the data sets lie in what a sandbox shows: folders of packages, and folders and files in them.

A package folder that this interpreter doesn't import from (another version's, the base installation's of a virtual
environment) isn't needed inside and is hidden whole. In the others what is known by name is hidden, every folder of
tests that holds data, and every other file of a kind that holds data and no code.
"""

from __future__ import annotations

import os
import site
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.datasets.tables import (
    BESIDE,
    DATA,
    HOLLOWED,
    IMPORTED_TESTS,
    LABELS,
    NEEDED,
    SMALLEST_TEXT,
    TESTS,
    TEXT,
)

_PACKAGES = ("site-packages", "dist-packages")
_DEEPEST = 6


def hidden_in(shown: Iterable[Path]) -> set[Path]:
    """Every path below the folders `shown` that holds a data set."""
    folders = [path for path in shown if path.is_dir()]
    used = importable()
    hidden = {found for folder in folders for pattern in BESIDE for found in folder.glob(pattern)}
    for packages in (found for folder in folders for found in package_folders(folder)):
        real = packages.resolve()
        if real in used:
            hidden |= carriers(packages)
        elif not any(real in one.parents for one in used):
            hidden.add(packages)
    return hidden


def importable() -> set[Path]:
    """The folders of packages that this interpreter imports from."""
    places = [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {Path(place).resolve() for place in places if Path(place).is_dir()}


def package_folders(folder: Path) -> Iterator[Path]:
    """Every folder of packages at most six levels below `folder`, or itself."""
    if folder.name in _PACKAGES:
        yield folder
        return
    for above, below, _ in os.walk(folder):
        yield from (Path(above) / name for name in below if name in _PACKAGES)
        deep = len(Path(above).parts) - len(folder.parts) >= _DEEPEST
        below[:] = [] if deep else [name for name in below if name not in _PACKAGES]


def carriers(packages: Path) -> set[Path]:
    """What holds data in one folder of packages: folders as a whole where nothing else is in them, else files."""
    hidden = {found for pattern in (*LABELS, *HOLLOWED) for found in packages.glob(pattern)}
    seen: set[Path] = set()
    for above, below, names in os.walk(packages, followlinks=True):
        at = Path(above)
        below[:] = [name for name in below if _is_new(at / name, seen) and at / name not in hidden]
        tests = {at / name for name in below if name in TESTS and _is_covered_whole(packages, at / name)}
        below[:] = [name for name in below if at / name not in tests]
        hidden |= tests | _data(packages, at, below, names)
    real = {path.resolve() for path in hidden}
    return {path for path in real if not any(above in real for above in path.parents)}


def _is_new(folder: Path, seen: set[Path]) -> bool:
    """Links to folders are followed, each once."""
    if folder.name == "__pycache__" or folder.name.endswith(".dist-info"):
        return False
    if folder.is_symlink():
        real = folder.resolve()
        if real in seen or real in folder.parents:
            return False
        seen.add(real)
    return True


def _is_covered_whole(packages: Path, tests: Path) -> bool:
    if tests.relative_to(packages).as_posix() in IMPORTED_TESTS:
        return False
    files = (Path(above) / name for above, _, names in os.walk(tests) for name in names)
    return any(DATA.search(path.name) or _is_long_text(path) for path in files)


def _is_long_text(path: Path) -> bool:
    return bool(TEXT.search(path.name)) and path.lstat().st_size >= SMALLEST_TEXT


def _data(packages: Path, at: Path, below: list[str], names: list[str]) -> set[Path]:
    """The folder itself where most of it is data and nothing is code, else the files of data in it."""
    found = {at / name for name in names if DATA.search(name)}
    data = {path for path in found if not path.relative_to(packages).as_posix().startswith(NEEDED)}
    code = below or any(name.endswith((".py", ".pyc", ".pyi", ".so")) for name in names)
    alone = at != packages and not code and len(data) == len(found) and 2 * len(data) > len(names)
    return {at} if data and alone else data
