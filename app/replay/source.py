"""What is played: a copy of a run folder in a scratch folder, so that the run itself is only read."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from agents.folder import FILE, LEDGER, TASK
from agents.folder import read as described
from app.folders import folded
from memory import salvage
from memory.controller import controller_of
from memory.faults import on_database
from memory.keys import read_payload
from memory.ledger import Event
from memory.rows import Row, uri
from pelagos.errors import BadInput, DamagedRun

RECORDED = "recorded.tar.xz"
ARTIFACTS = "artifacts"


@dataclass(frozen=True)
class Source:
    """`folder` is the copy. `damage` is '' or says which part of the ledger can't be played."""

    folder: Path
    events: list[Event]
    damage: str


def recorded(scratch: Path) -> Path:
    """The run folder that comes with Pelagos, unpacked in `scratch`."""
    packed = resources.files("app.replay") / RECORDED
    with packed.open("rb") as file, tarfile.open(fileobj=file, mode="r:xz") as archive:
        archive.extractall(scratch, filter="data")
    return next(path.parent for path in scratch.glob(f"*/{LEDGER}"))


def copied(run: Path, scratch: Path) -> Source:
    """A copy of `run`, whose ledger is cut to its verified rows. Raises BadInput where nothing can be played."""
    _check(run)
    copy = scratch / run.resolve().name
    copy.mkdir()
    if (run / FILE).is_file():
        shutil.copy2(run / FILE, copy / FILE)
    for name in (TASK, ARTIFACTS):
        if (run / name).is_dir():
            (copy / name).symlink_to((run / name).resolve())
    rows, damage = _ledger(run, copy / LEDGER)
    events = [Event(row.seq, row.at, row.kind, row.key, read_payload(row.payload)) for row in rows]
    folded(events, run / LEDGER)
    return Source(copy, events, damage)


def _check(run: Path) -> None:
    """A folder without a description is played from its ledger alone."""
    if not (run / FILE).is_file():
        return
    try:
        described(run)
    except DamagedRun as error:
        raise BadInput(f"{error}; another version of Pelagos wrote it: replay it with that version") from None


def _ledger(run: Path, copy: Path) -> tuple[Sequence[Row], str]:
    """The verified rows of the run's ledger, which `copy` then holds, and what is wrong behind them."""
    path = run / LEDGER
    with on_database(path, "nothing was changed"):
        _fetch(run, path, copy)
        rows, fault = salvage.inspect(copy)
    if not rows:
        raise BadInput(f"{path}: {fault or 'holds no event yet'}: there is nothing to replay; name another run")
    if not fault:
        return rows, ""
    for suffix in ("", "-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    salvage.build(copy, rows)
    return rows, f"{path}: {fault}; only its {len(rows)} verified events are played, and the file stays as it is"


def _fetch(run: Path, path: Path, copy: Path) -> None:
    """Files are copied where nobody writes: SQLite would leave its own beside a ledger that it only reads."""
    if controller_of(run) is not None:
        with (
            closing(sqlite3.connect(uri(path.resolve(), "ro"), uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        return
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            shutil.copy2(part, copy.with_name(copy.name + suffix))
