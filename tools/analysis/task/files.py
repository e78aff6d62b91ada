"""Finds the files that a task names: of its own folder, or `SOURCE:FILE` of the fetched and shipped sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tools.task_file import find_file_fault

_SOURCE = re.compile(r"([a-z][a-z0-9-]+):([^/\\].*)")


def split_source(name: str) -> tuple[str, str] | None:
    """(source, file) of a name such as `gene-sets:reactome.gmt`; None for a file of the task folder."""
    match = _SOURCE.fullmatch(name)
    return (match[1], match[2]) if match else None


def resolve(folder: Path, name: str) -> Path:
    """The path of a named file. Raises MissingPart where its source is not here, and BadInput where it is unknown."""
    from tools.analysis.sources.sources import find_source_file

    parts = split_source(name)
    return folder / name if parts is None else find_source_file(*parts)


def find_missing_sources(names: Sequence[str]) -> list[str]:
    """The sources among `names` whose data must be got first, each once. Raises BadInput for unknown ones."""
    from tools.analysis.sources.sources import find_source

    named = dict.fromkeys(parts[0] for name in names if (parts := split_source(name)) is not None)
    return [source for source in named if find_source(source).folder is None]


def find_fault(folder: Path, name: str) -> str:
    """The reason why `name` can't be read as a file, or ''. Raises as `resolve`."""
    if split_source(name) is None:
        return find_file_fault(folder, name)
    resolve(folder, name)
    return ""
