"""Reads packs of functions by name or path, and says what a sandbox has to bind for a program to import them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pelagos.counts import format_count
from tools.functions.function import IMPORT_NAME, Function, PackFault, Packs
from tools.functions.places import HOME, list_python_files, locate_packs
from tools.functions.reading import read_functions

FOLDER = "_tools"  # the folder of the work folder from which packs are imported
SHARED = "statistics"  # what shipped packs import besides themselves
MAX_LISTED_CHARS = 3_000


def load_functions(names: Sequence[str], paths: Sequence[Path] = ()) -> Packs:
    """Read the packs `names` (shipped ones, or entry points) and the drop-ins `paths`. Raises BadInput, one line per
    pack or path that doesn't exist."""
    roots: dict[str, Path] = {}
    found: list[Function | PackFault] = []
    for name, path in locate_packs(names, paths):
        if isinstance(path, PackFault):
            found.append(path)
        elif name in roots:
            found.append(PackFault(name, "", f"{path}: there is a pack of this name already; rename one"))
        else:
            roots[name] = path
    modules = {module: (pack, file) for pack, root in roots.items() for module, file in _list_modules(pack, root)}
    for module, (pack, file) in modules.items():
        found += read_functions(file, pack, module)
    functions = tuple(one for one in found if isinstance(one, Function))
    return Packs(roots, functions, tuple(one for one in found if isinstance(one, PackFault)), tuple(modules))


def bind_packs(packs: Packs) -> dict[str, Path]:
    """Name in the work folder -> path on the host, each to be bound read-only."""
    bound = {f"{FOLDER}/{IMPORT_NAME}/{_bound_name(name, root)}": root for name, root in packs.roots.items()}
    shipped = [name for name, root in packs.roots.items() if root.parent == HOME]
    return bound | {f"{FOLDER}/tools/{name}": HOME / name for name in [*shipped, *([SHARED] if shipped else [])]}


def list_functions(functions: Sequence[Function]) -> str:
    """The functions as a model reads them: import lines, signatures and summaries, as code; "" where there is none."""
    if not functions:
        return ""
    lines, left = ["# These functions exist besides the program; import one to use it:"], MAX_LISTED_CHARS
    for number, function in enumerate(functions):
        text = f"{function.import_line}\n# {function.signature}: {function.summary}"
        left -= len(text)
        if left < 0:
            lines.append(f"# and: {', '.join(one.import_line for one in functions[number:])}"[:MAX_LISTED_CHARS])
            break
        lines.append(text)
    return "\n".join(lines)


def _list_modules(pack: str, root: Path) -> Iterator[tuple[str, Path]]:
    """The full names of a pack's modules, with their files."""
    if root.is_file():
        yield f"{IMPORT_NAME}.{pack}", root
        return
    for file in list_python_files(root):
        yield f"{IMPORT_NAME}.{pack}.{file.stem}", file


def _bound_name(pack: str, root: Path) -> str:
    return f"{pack}.py" if root.is_file() else pack


def keep_usable(packs: Packs, findings: Mapping[str, Sequence[str]]) -> list[Function]:
    """The functions of modules against which nothing was found."""
    return [function for function in packs.functions if not findings.get(function.module)]


def describe_packs(packs: Packs) -> dict[str, str]:
    """Pack -> how many functions it has, and the beginning of the hash of its files."""
    counts = {name: sum(function.pack == name for function in packs.functions) for name in packs.roots}
    return {
        name: f"{format_count(count, 'function')}, SHA-256 {Packs({name: packs.roots[name]}).digest[:12]}"
        for name, count in counts.items()
    }
