"""Finds packs: shipped ones by name, drop-in files and folders, and entry points of the group `pelagos.tools`.

All are read from their source. A broken tool is named with its error and left out; it is never in the way of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.analysis.packs.reading import read_file
from tools.analysis.packs.spec import SETS, ToolSet, ToolSpec
from tools.functions.function import PackFault
from tools.functions.places import HOME, list_python_files, locate_packs
from tools.toolchain import Tool

DROP_INS = "dropins"  # the folder of the sandbox's import folder in which drop-ins are bound


def load_packs(names: Sequence[str], folders: Sequence[Path] = ()) -> ToolSet:
    """Read the packs `names` (shipped, or entry points) and the drop-ins `folders` (a .py file or a folder of them).

    Raises BadInput, one line per pack or path that doesn't exist.
    """
    found: list[ToolSpec | PackFault] = []
    for name, path in locate_packs(names, folders):
        found += [path] if isinstance(path, PackFault) else _read_pack(name, path)
    return _without_duplicates(found)


def _read_pack(pack: str, path: Path) -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of a .py file, or of the .py files of a folder."""
    home = "tools" if path.parent == HOME else DROP_INS
    mount = f"{home}/{path.name}"
    if path.is_file():
        yield from read_file(path, pack, path, mount, f"{home}.{path.stem}")
        return
    for file in list_python_files(path):
        yield from read_file(file, pack, path, mount, f"{home}.{path.name}.{file.stem}")


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
