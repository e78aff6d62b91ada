"""Which versions a run works with: Python's, Pelagos' own, and those of the packages that its numbers may depend on."""

from __future__ import annotations

import ast
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from pelagos import __version__
from pelagos.errors import BadInput
from pelagos.textfile import read_text

PACKAGES = ("langgraph", "langgraph-checkpoint-sqlite", "numpy", "torch", "scikit-learn", "xllamacpp", "chromadb")
ABSENT = "absent"


def installed(task: Path) -> dict[str, str]:
    """Name -> version of Python, Pelagos, `PACKAGES` and what the programs in the folder `task` import here."""
    names = [*PACKAGES, *_imported(task)]
    return {"python": platform.python_version(), "pelagos": __version__} | {name: _version(name) for name in names}


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """`numpy 2.1 -> 2.2, torch 2.4 -> absent`; "" where what both name is the same."""
    both = [name for name in before if name in now and before[name] != now[name]]
    return ", ".join(f"{name} {before[name]} -> {now[name]}" for name in both)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ABSENT


def _imported(task: Path) -> list[str]:
    """Distributions of the modules that the Python files of `task` import, but for its own and the standard
    library's."""
    files = sorted(task.rglob("*.py"))
    own = {path.stem for path in files} | {path.parent.name for path in files}
    wanted = {name for path in files for name in _modules(path)} - own - set(sys.stdlib_module_names)
    if not wanted:
        return []
    known = metadata.packages_distributions()
    return sorted({one for name in wanted for one in known.get(name, ())} - set(PACKAGES))


def _modules(path: Path) -> set[str]:
    """Top-level names that a file imports; none of one that can't be read: whoever loads the task says so."""
    try:
        tree = ast.parse(read_text(path))
    except (SyntaxError, ValueError, BadInput):
        return set()
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    given = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.partition(".")[0] for name in plain | given}
