"""Finds the format of a file and reads it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pelagos.errors import BadInput
from tools.analysis.readers import diann, fragpipe, h5ad, long, maxquant, olink, somascan, spectronaut, table, wide
from tools.analysis.readers.reading import Reading
from tools.analysis.readers.table_file import read_header, read_table_file

if TYPE_CHECKING:
    from tools.analysis.task.schema import Format


class Program(Protocol):
    """A module that reads what one program writes."""

    def recognise(self, columns: Sequence[str]) -> bool: ...
    def read(self, path: Path) -> Reading: ...


PROGRAMS: dict[str, Program] = {
    "maxquant": maxquant,
    "diann": diann,
    "fragpipe": fragpipe,
    "spectronaut": spectronaut,
    "olink": olink,
    "somascan": somascan,
}


def find_format(path: Path, sample_ids: Collection[str] = ()) -> Format:
    """By the names of the columns; a table that no program wrote is long, wide or plain. Raises BadInput."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    if path.suffix.lower() == ".h5ad":
        return "h5ad"
    try:
        columns = read_header(path)
    except BadInput as error:
        raise BadInput(f"{path}: not a table: {error}".replace(f"{path}: not a table: {path}", str(path))) from None
    for name, program in PROGRAMS.items():
        if program.recognise(columns):
            return name  # type: ignore[return-value]
    return _find_generic(path, sample_ids)


def _find_generic(path: Path, sample_ids: Collection[str]) -> Format:
    content = read_table_file(path)
    if long.find_roles(content, sample_ids) is not None:
        return "long"
    if sample_ids:
        return "wide"
    names = [[str(name) for name in content.columns[1:]]]
    if content.iloc[:, 0].is_unique:
        names.append([str(value) for value in content.iloc[:, 0]])
    return "wide" if any(wide.look_like_proteins(each) for each in names) else "table"


def read_file(
    path: Path, format: Format, sample_ids: Collection[str] = (), metadata_columns: Collection[str] = ()
) -> Reading:
    """`sample_ids` and `metadata_columns` help with generic tables. Raises BadInput."""
    if format == "h5ad":
        return h5ad.read(path)
    if format == "long":
        return long.read(path, sample_ids)
    if format == "wide":
        return wide.read(path, sample_ids, metadata_columns)
    if format == "table":
        return table.read(path, metadata_columns)
    return PROGRAMS[format].read(path)
