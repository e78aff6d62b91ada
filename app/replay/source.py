"""Copies a run folder into a scratch folder to be played, so that the run itself is only read."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from agents.setup.run_folder import FILE, LEDGER, TASK
from agents.setup.run_folder import read as read_run_file
from app.record.folders import fold_events
from memory.files.disk_errors import translate_database_errors
from memory.files.run_lock import lock_holder
from memory.ledger import repair
from memory.ledger.keys import parse_payload
from memory.ledger.ledger import Event
from memory.ledger.rows import Row, sqlite_uri
from pelagos.errors import BadInput, DamagedRun

RECORDED = "recorded.tar.xz"
ARTIFACTS = "artifacts"


@dataclass(frozen=True)
class Source:
    """The copy of a run. `damage` is '' or names the part of the ledger that can't be played."""

    folder: Path
    events: list[Event]
    damage: str


def unpack_recording(scratch: Path) -> Path:
    """Unpack the recorded run that comes with Pelagos into `scratch` and return its folder."""
    packed = resources.files("app.replay") / RECORDED
    with packed.open("rb") as file, tarfile.open(fileobj=file, mode="r:xz") as archive:
        archive.extractall(scratch, filter="data")
    return next(path.parent for path in scratch.glob(f"*/{LEDGER}"))


def copy_run(run: Path, scratch: Path) -> Source:
    """Copy `run` into `scratch`, its ledger cut to the verified rows. Raises BadInput where nothing can be played."""
    _check_description(run)
    copy = scratch / run.resolve().name
    copy.mkdir()
    if (run / FILE).is_file():
        shutil.copy2(run / FILE, copy / FILE)
    for name in (TASK, ARTIFACTS):
        if (run / name).is_dir():
            (copy / name).symlink_to((run / name).resolve())
    rows, damage = _copy_ledger(run, copy / LEDGER)
    events = [Event(row.seq, row.at, row.kind, row.key, parse_payload(row.payload)) for row in rows]
    fold_events(events, run / LEDGER).read_nouns()
    return Source(copy, events, damage)


def _check_description(run: Path) -> None:
    """Raises BadInput for a description that another version wrote. A folder without one is played from its ledger
    alone."""
    if not (run / FILE).is_file():
        return
    try:
        read_run_file(run)
    except DamagedRun as error:
        raise BadInput(f"{error}; another version of Pelagos wrote it: replay it with that version") from None


def _copy_ledger(run: Path, copy: Path) -> tuple[Sequence[Row], str]:
    """Write the verified rows of the run's ledger to `copy`. Return them, and a description of the damage after them or
    ''."""
    path = run / LEDGER
    with translate_database_errors(path, "nothing was changed"):
        _copy_database(run, path, copy)
        rows, fault = repair.verified_rows(copy)
    if not rows:
        raise BadInput(f"{path}: {fault or 'holds no event yet'}: there is nothing to replay; name another run")
    if not fault:
        return rows, ""
    for suffix in ("", "-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    repair.write_ledger(copy, rows)
    return rows, f"{path}: {fault}; only its {len(rows)} verified events are played, and the file stays as it is"


def _copy_database(run: Path, path: Path, copy: Path) -> None:
    """Copy the database `path`. Where no process writes to it the files are copied: SQLite would leave files of its own
    beside a ledger that it only reads."""
    if lock_holder(run) is not None:
        with (
            closing(sqlite3.connect(sqlite_uri(path.resolve(), "ro"), uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        return
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            shutil.copy2(part, copy.with_name(copy.name + suffix))
