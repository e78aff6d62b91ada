"""The types of a pack's functions as they are read from their source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IMPORT_NAME = "pelagos_tools"  # the package under which packs are imported in the sandbox


@dataclass(frozen=True)
class Function:
    """A function that a program may import. `module` is its full import name, `signature` its head as code."""

    name: str
    pack: str
    module: str
    signature: str
    summary: str

    @property
    def import_line(self) -> str:
        return f"from {self.module} import {self.name}"

    def describe(self) -> dict[str, str]:
        """For lists, as table and as JSON."""
        return {
            "function": self.name,
            "pack": self.pack,
            "import": self.import_line,
            "signature": self.signature,
            "summary": self.summary,
        }


@dataclass(frozen=True)
class PackFault:
    """A function, a file or a pack that can't be used. `reason` says in one line what to mend."""

    pack: str
    function: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pack}{f'.{self.function}' if self.function else ''}: {self.reason}"


@dataclass(frozen=True)
class Packs:
    """Packs by name, each a .py file or a folder of them, with what was read of them. `modules` are the full names of
    all their modules."""

    roots: Mapping[str, Path]
    functions: tuple[Function, ...] = ()
    faults: tuple[PackFault, ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over the names and bytes of all files of the packs; "" where there is no pack."""
        if not self.roots:
            return ""
        whole = hashlib.sha256()
        for name, root in sorted(self.roots.items()):
            for file in list_files(root):
                relative = file.relative_to(root).as_posix() if root.is_dir() else ""
                whole.update(f"{name}\0{relative}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        return whole.hexdigest()


def list_files(root: Path) -> list[Path]:
    """The file itself, or all regular files below a folder but what Python caches, sorted."""
    if root.is_file():
        return [root]
    return sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
