"""Finds packs: shipped ones by name, drop-in files and folders, and entry points of the group `pelagos.tools`.

All are read from their source. A broken tool is named with its error and left out; it is never in the way of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

from pelagos.errors import BadInput
from tools.analysis.packs.reading import read_file
from tools.analysis.packs.spec import SETS, PackFault, ToolSet, ToolSpec
from tools.functions.packs import find_missing_packs
from tools.functions.places import (
    HOME,
    SHIPPED,
    find_pack_fault,
    find_source,
    list_entry_points,
    list_python_files,
)
from tools.toolchain import Tool

DROP_INS = "dropins"  # the folder of the sandbox's import folder in which drop-ins are bound


def load_packs(names: Sequence[str], folders: Sequence[Path] = ()) -> ToolSet:
    """Read the packs `names` (shipped, or entry points) and the drop-ins `folders` (a .py file or a folder of them).

    Raises BadInput, one line per pack or path that doesn't exist.
    """
    if faults := find_missing_packs(names, folders):
        raise BadInput(*faults)
    points = list_entry_points()
    found: list[ToolSpec | PackFault] = []
    for name in names:
        found += read_shipped(name) if name in SHIPPED else _read_entry_point(points[name])
    for path in folders:
        found += read_drop_in(path)
    return _without_duplicates(found)


def read_shipped(name: str) -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of a shipped pack."""
    root = HOME / name
    for path in list_python_files(root):
        yield from read_file(path, name, root, f"tools/{name}", f"tools.{name}.{path.stem}")


def read_drop_in(path: Path, pack: str = "") -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of a .py file, or of the .py files of a folder. The pack is called like the file or folder."""
    pack = pack or path.stem
    if fault := find_pack_fault(path, pack):
        yield PackFault(pack, "", fault)
        return
    if path.is_file():
        yield from read_file(path, pack, path, f"{DROP_INS}/{path.name}", f"{DROP_INS}.{path.stem}")
        return
    for file in list_python_files(path):
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
    source = find_source(point.module)
    if source is None:
        yield PackFault(point.name, "", f"entry point {point.value}: no Python source is installed at that name")
    else:
        yield from read_drop_in(source, point.name)


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
