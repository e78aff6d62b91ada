"""Where packs are: shipped ones, drop-in files and folders, and installed packages with an entry point of the group
`pelagos.tools`. Nothing is imported."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

import tools
from pelagos.errors import BadInput
from pelagos.plugins import list_plugins, suggest_nearest
from tools.functions.function import PackFault

GROUP = "pelagos.tools"
SHIPPED = ("proteomics", "tables", "cells")
HOME = Path(tools.__file__).parent


def list_entry_points() -> dict[str, EntryPoint]:
    """Name -> entry point of the packs that installed packages announce."""
    return list_plugins(GROUP, {})


def find_missing_packs(names: Sequence[str], paths: Sequence[Path] = ()) -> list[str]:
    """A line for each pack that isn't known and each path where nothing is."""
    known = [*SHIPPED, *list_entry_points()]
    faults = [f"pack '{name}' is not known; {suggest_nearest(name, known)}" for name in names if name not in known]
    return faults + [f"{path}: no such file or folder of tools" for path in paths if not path.exists()]


def locate_packs(names: Sequence[str], paths: Sequence[Path] = ()) -> Iterator[tuple[str, Path | PackFault]]:
    """Yield each pack's name with its file or folder, or why it can't be used. `names` are shipped or entry points,
    `paths` drop-ins. Raises BadInput, one line per pack or path that doesn't exist."""
    if faults := find_missing_packs(names, paths):
        raise BadInput(*faults)
    points = list_entry_points()
    for name in names:
        yield name, HOME / name if name in SHIPPED else _check_pack(name, find_source(points[name].module))
    for path in paths:
        yield path.stem, _check_pack(path.stem, path)


def find_source(module: str) -> Path | None:
    """The file or folder of a module. Only its outermost package is looked up: that imports nothing."""
    top, *rest = module.split(".")
    found = find_spec(top)
    if found is None or found.origin is None:
        return None
    path = Path(found.origin)
    path = path.parent.joinpath(*rest) if path.name == "__init__.py" else path
    if path.is_dir() or path.is_file():
        return path
    file = path.with_suffix(".py")
    return file if file.is_file() else None


def list_python_files(folder: Path) -> list[Path]:
    """The .py files of a folder that are no helpers: their names don't begin with _."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _check_pack(pack: str, path: Path | None) -> Path | PackFault:
    if path is None:
        return PackFault(pack, "", "no Python source is installed at its entry point; install it again")
    fault = find_pack_fault(path, pack)
    return PackFault(pack, "", fault) if fault else path


def find_pack_fault(path: Path, pack: str) -> str:
    """Why a file or folder can't be the pack `pack`; "" where it can."""
    if not pack.isidentifier() or keyword.iskeyword(pack):
        return f"{path.name} must be named like a Python module: letters, digits and _"
    if path.is_file() and path.suffix != ".py":
        return f"{path.name} is no Python file: a pack is a .py file or a folder of them"
    if path.is_dir() and not list_python_files(path):
        return f"{path}: no .py file in it"
    return ""
