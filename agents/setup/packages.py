"""Lists the versions that a run uses: Python, Pelagos, and the packages that its results may depend on."""

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


def installed_versions(task: Path) -> dict[str, str]:
    """Return name -> version of Python, Pelagos, `PACKAGES` and the packages that the programs in `task` import."""
    names = [*PACKAGES, *_imported_packages(task)]
    return {"python": platform.python_version(), "pelagos": __version__} | {name: _version(name) for name in names}


def describe_changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return `numpy 2.1 -> 2.2, torch 2.4 -> absent`; "" if all packages that both name have equal versions."""
    changed = [name for name in before if name in now and before[name] != now[name]]
    return ", ".join(f"{name} {before[name]} -> {now[name]}" for name in changed)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ABSENT


def _imported_packages(task: Path) -> list[str]:
    """Return the distributions of the modules that the Python files of `task` import, without its own modules and the
    standard library's."""
    files = sorted(task.rglob("*.py"))
    own_modules = {path.stem for path in files} | {path.parent.name for path in files}
    imported = {name for path in files for name in _imported_modules(path)} - own_modules - set(sys.stdlib_module_names)
    if not imported:
        return []
    distributions = metadata.packages_distributions()
    return sorted({distribution for name in imported for distribution in distributions.get(name, ())} - set(PACKAGES))


def _imported_modules(path: Path) -> set[str]:
    """Return the top-level names that a file imports; none if it can't be read, which loading the task reports."""
    try:
        tree = ast.parse(read_text(path))
    except (SyntaxError, ValueError, BadInput):
        return set()
    absolute = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_modules = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.partition(".")[0] for name in absolute | from_modules}
