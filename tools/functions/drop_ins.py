"""Drop-ins that a project's settings name: checked before anything is spent, and copied into each run, which so keeps
the tools that it began with."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pelagos.errors import BadInput
from tools.functions.function import Packs, list_files
from tools.functions.places import SHIPPED, find_pack_fault

KEY = "tools"


def find_drop_ins(project: Path, named: Sequence[Path]) -> list[Path]:
    """Return the .py files and folders that the settings of `project` name, resolved. Raises BadInput, a line for each
    that can't be used: nothing is there, it is no pack, or it has the name of another or of a shipped pack."""
    roots = [(project / path.expanduser()).resolve() for path in named]
    faults = [
        f"{KEY}: '{path}': {fault}"
        for place, (path, root) in enumerate(zip(named, roots, strict=True))
        if (fault := _find_fault(root, project.resolve(), roots[:place]))
    ]
    if faults:
        raise BadInput(*faults)
    return roots


def find_name_clashes(own: Collection[str], added: Sequence[Path], task: str) -> list[str]:
    """Return a line for each drop-in of the project that has the name of a pack that the task brings (`own`)."""
    return [
        f"{KEY}: '{root.name}': task {task} has a pack '{root.stem}' of its own; rename one"
        for root in added
        if root.stem in own
    ]


def copy_drop_ins(roots: Sequence[Path], target: Path) -> dict[str, str]:
    """Copy the packs into the folder `target`, made if there is any. Return name of the copy -> SHA-256."""
    for root in roots:
        for file in list_files(root):
            copy = target / root.name / file.relative_to(root) if root.is_dir() else target / root.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return {root.name: hash_drop_in(target / root.name) for root in roots}


def open_copies(digests: Mapping[str, str], folder: Path) -> list[Path]:
    """Return the copies in `folder`. Raises BadInput, a line for each that isn't what was copied."""
    changed = [name for name, digest in digests.items() if hash_drop_in(folder / name) != digest]
    if changed:
        how = "was changed since the run began: put it back, or start a new run"
        raise BadInput(*(f"{folder / name}: {how}" for name in changed))
    return [folder / name for name in digests]


def hash_drop_in(root: Path) -> str:
    """Return the SHA-256 over names and bytes of all files of the pack; "" where nothing is."""
    return Packs({root.stem: root}).digest if root.exists() else ""


def find_imported(text: str, added: Sequence[Path]) -> Iterator[str]:
    """Yield the names of the drop-ins that a program's `text` names: more than it imports, never fewer."""
    yield from (root.name for root in added if root.stem in text)


def _find_fault(root: Path, project: Path, others: Sequence[Path]) -> str:
    if not root.exists():
        return f"{root}: no such file or folder of tools; mend the path, which is relative to {project}"
    if project.is_relative_to(root):
        return "it holds the whole project; name a folder of tools in it"
    if root.stem in SHIPPED:
        return f"'{root.stem}' is the name of a shipped pack; rename it"
    if root.stem in (other.stem for other in others):
        return f"another one is called '{root.stem}'; rename one"
    return find_pack_fault(root, root.stem)
