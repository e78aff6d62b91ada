"""Where packs are: shipped ones, drop-in files and folders, and installed packages with an entry point of the group
`pelagos.tools`. Nothing is imported."""

from __future__ import annotations

import keyword
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

import tools

GROUP = "pelagos.tools"
SHIPPED = ("proteomics", "tables", "cells")
HOME = Path(tools.__file__).parent


def list_entry_points() -> dict[str, EntryPoint]:
    """Name -> entry point of the packs that installed packages announce."""
    return {point.name: point for point in entry_points(group=GROUP)}


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


def find_pack_fault(path: Path, pack: str) -> str:
    """Why a file or folder can't be the pack `pack`; "" where it can."""
    if not pack.isidentifier() or keyword.iskeyword(pack):
        return f"{path.name} must be named like a Python module: letters, digits and _"
    if path.is_file() and path.suffix != ".py":
        return f"{path.name} is no Python file: a pack is a .py file or a folder of them"
    if path.is_dir() and not list_python_files(path):
        return f"{path}: no .py file in it"
    return ""
