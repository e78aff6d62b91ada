"""Finds packs: shipped ones by name, drop-in files and folders, and entry points of the group `pelagos.tools`.

All are read from their source. A broken tool is named with its error and left out; it is never in the way of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

import tools
from pelagos.errors import BadInput
from pelagos.plugins import suggest_nearest
from tools.analysis.packs.reading import read_file
from tools.analysis.packs.spec import SETS, PackFault, ToolSet, ToolSpec
from tools.toolchain import Tool

GROUP = "pelagos.tools"
SHIPPED = ("proteomics", "tables", "cells")
DROP_INS = "dropins"  # the folder of the sandbox's import folder in which drop-ins are bound
_HOME = Path(tools.__file__).parent


def load_packs(names: Sequence[str], folders: Sequence[Path] = ()) -> ToolSet:
    """Read the packs `names` (shipped, or entry points) and the drop-ins `folders` (a .py file or a folder of them).

    Raises BadInput, one line per pack or path that doesn't exist.
    """
    points = {point.name: point for point in entry_points(group=GROUP)}
    known = [*SHIPPED, *points]
    faults = [f"pack '{name}' is not known; {suggest_nearest(name, known)}" for name in names if name not in known]
    faults += [f"{path}: no such file or folder of tools" for path in folders if not path.exists()]
    if faults:
        raise BadInput(*faults)
    found: list[ToolSpec | PackFault] = []
    for name in names:
        found += read_shipped(name) if name in SHIPPED else _read_entry_point(points[name])
    for path in folders:
        found += read_drop_in(path)
    return _without_duplicates(found)


def read_shipped(name: str) -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of a shipped pack."""
    root = _HOME / name
    for path in _python_files(root):
        yield from read_file(path, name, root, f"tools/{name}", f"tools.{name}.{path.stem}")


def read_drop_in(path: Path, pack: str = "") -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of a .py file, or of the .py files of a folder. The pack is called like the file or folder."""
    pack = pack or path.stem
    if not pack.isidentifier():
        yield PackFault(pack, "", f"{path.name} must be named like a Python module: letters, digits and _")
        return
    if path.is_file() and path.suffix != ".py":
        yield PackFault(pack, "", f"{path.name} is no Python file: a pack is a .py file or a folder of them")
        return
    if path.is_file():
        yield from read_file(path, pack, path, f"{DROP_INS}/{path.name}", f"{DROP_INS}.{path.stem}")
        return
    files = _python_files(path)
    if not files:
        yield PackFault(pack, "", f"{path}: no .py file in it")
    for file in files:
        yield from read_file(file, pack, path, f"{DROP_INS}/{path.name}", f"{DROP_INS}.{path.name}.{file.stem}")


def as_tool(spec: ToolSpec) -> Tool:
    """What a plan's step may call: the arguments as JSON schema, without those that the executor fills in."""
    shown = {name: parameter for name, parameter in spec.parameters.items() if parameter.names != SETS}
    schema = {
        "type": "object",
        "properties": {name: dict(parameter.schema) for name, parameter in shown.items()},
        "required": [name for name, parameter in shown.items() if parameter.required],
        "additionalProperties": False,
    }
    return Tool(spec.name, spec.summary, schema)


def _read_entry_point(point: EntryPoint) -> Iterator[ToolSpec | PackFault]:
    source = _find_source(point.module)
    if source is None:
        yield PackFault(point.name, "", f"entry point {point.value}: no Python source is installed at that name")
    else:
        yield from read_drop_in(source, point.name)


def _find_source(module: str) -> Path | None:
    """The file or folder of a module. Only its outermost package is looked up: that imports nothing."""
    top, *rest = module.split(".")
    found = find_spec(top)
    if found is None or found.origin is None:
        return None
    path = Path(found.origin)
    path = path.parent.joinpath(*rest) if path.name == "__init__.py" else path
    return (
        path
        if path.is_dir() or path.is_file()
        else path.with_suffix(".py")
        if path.with_suffix(".py").is_file()
        else None
    )


def _python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _without_duplicates(found: Sequence[ToolSpec | PackFault]) -> ToolSet:
    kept: dict[str, ToolSpec] = {}
    faults: list[PackFault] = []
    for entry in found:
        if isinstance(entry, PackFault):
            faults.append(entry)
        elif entry.name in kept:
            faults.append(PackFault(entry.pack, entry.name, f"pack {kept[entry.name].pack} has a tool of this name"))
        else:
            kept[entry.name] = entry
    return ToolSet(kept, tuple(faults))
