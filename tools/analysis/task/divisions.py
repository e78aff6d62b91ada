"""Remembers for a project which part each sample fell in when it was first divided. No later edit of a task moves it.

A file per division lies beside the parts. Samples are known again by their ids. Rows of a table without ids are known
by their numbers, and only in tables with the same columns.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.artifacts import write_whole
from pelagos.errors import BadInput, DamagedRun

if TYPE_CHECKING:
    from anndata import AnnData

SEALED = "sealed"
NUMBERED = re.compile(r"row \d+")


class Division(BaseModel):
    """`parts` maps samples to parts. `table` tells one table without ids from others, "" where samples have ids.
    `sealed` identifies the samples that were sealed first: those that came later share their level."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    table: str = ""
    parts: dict[str, str] = {}
    sealed: str = ""

    def extend(self, parts: Mapping[str, str]) -> Division:
        """Return it with further samples; those that it has stay where they are."""
        joined = {**parts, **self.parts}
        sealed = [sample for sample, part in joined.items() if part == SEALED]
        return Division(table=self.table, parts=joined, sealed=self.sealed or (hash_samples(sealed) if sealed else ""))


class Divisions:
    """The divisions of one project, in `folder`. To be used within `open_divisions`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, data: AnnData) -> Division:
        """Return the division of the data set's samples, an empty one where none was divided before. Raises BadInput
        where they belong to several, DamagedRun for a file that can't be read."""
        table, samples = name_table(data), {str(sample) for sample in data.obs_names}
        known = [each for each in self._read() if each.table == table and not samples.isdisjoint(each.parts)]
        if len(known) > 1:
            raise BadInput(
                "data: this project divided some of these samples apart from others of them, as two studies; "
                "begin a new project for the joined table"
            )
        return known[0] if known else Division(table=table)

    def save(self, division: Division) -> None:
        """Write a division in place of what it extends."""
        former = next((path for path in self._list() if _overlaps(_load(path), division)), None)
        path = former or self._folder / f"{hash_samples([division.table, *division.parts])[:32]}.json"
        write_whole(path, division.model_dump_json().encode())

    def _read(self) -> list[Division]:
        return [_load(path) for path in self._list()]

    def _list(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))


@contextlib.contextmanager
def open_divisions(folder: Path) -> Iterator[Divisions]:
    """Open the divisions for this process alone, so that what is found and what is saved are one step."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield Divisions(folder)
    finally:
        os.close(handle)


def name_table(data: AnnData) -> str:
    """Return what tells a table whose rows have no ids from others: its columns; "" where samples have ids."""
    if not all(NUMBERED.fullmatch(str(sample)) for sample in data.obs_names):
        return ""
    return hash_samples([*map(str, data.obs.columns), *map(str, data.var_names)])


def hash_samples(names: list[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(set(names))).encode()).hexdigest()


def _overlaps(known: Division, division: Division) -> bool:
    return known.table == division.table and not known.parts.keys().isdisjoint(division.parts)


def _load(path: Path) -> Division:
    try:
        return Division.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DamagedRun(f"{path}: the first division of this project's samples can't be read ({error})") from None
