"""LangGraph's checkpoints of a run: a SQLite file, strict about what it loads, pruned by us.

The saver stores the whole state with every checkpoint and has no working prune, so the graph's state holds ids and
counters only, and old checkpoints are deleted here. The ledger is the truth: a damaged checkpoint file is put aside,
and the graph starts over, finding everything it already did in the ledger.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.sqlite import SqliteSaver

DURABILITY: Literal["sync"] = "sync"
KEEP = 20
PRUNE_EVERY = 500


@contextlib.contextmanager
def open_checkpoints(folder: Path | str, keep: int = KEEP) -> Iterator[SqliteSaver]:
    """The saver of the run in `folder`, pruned to the newest `keep` checkpoints at opening and at closing.

    Only JSON types and LangGraph's own safe types come back as objects (strict msgpack, no pickle).
    """
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    path = Path(folder) / "checkpoints.sqlite"
    with contextlib.closing(_connect(path)) as connection:
        saver = _pruning(SqliteSaver, keep)(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        saver.setup()
        prune(saver, keep)
        yield saver
        prune(saver, keep)
        with saver.lock:
            connection.execute("VACUUM")


def _pruning(base: type[SqliteSaver], keep: int) -> type[SqliteSaver]:
    """A saver that prunes itself now and then: a lane writes checkpoints for as long as the run lasts."""

    class Pruning(base):  # type: ignore[misc, valid-type]
        puts = 0

        def put(self, *given: Any) -> RunnableConfig:
            self.puts += 1
            if self.puts % PRUNE_EVERY == 0:
                prune(self, keep)
            put: RunnableConfig = super().put(*given)
            return put

    return Pruning


def prune(saver: SqliteSaver, keep: int = KEEP) -> int:
    """Delete all but the newest `keep` checkpoints of each thread and of each of its subgraphs in flight, with their
    writes. Returns how many went.

    Checkpoint ids are ordered in time. Subgraphs' checkpoints go with the main graph's ones of their time; those of the
    subgraphs in flight are newer than the newest main checkpoint, and of these the newest stay.
    """
    main = (
        "thread_id = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints WHERE thread_id = ? AND "
        "checkpoint_ns = '' ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
    )
    own = (
        "thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints WHERE "
        "thread_id = ? AND checkpoint_ns = ? ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
    )
    gone = 0
    with saver.cursor() as cursor:
        found = cursor.execute("SELECT DISTINCT thread_id, checkpoint_ns FROM checkpoints").fetchall()
        for thread, space in found:
            given = (thread, space, thread, space, keep - 1) if space else (thread, thread, keep - 1)
            for table in ("writes", "checkpoints"):
                cursor.execute(f"DELETE FROM {table} WHERE {own if space else main}", given)  # noqa: S608 two fixed names
            gone += cursor.rowcount
    return gone


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not _sound(path):
        _put_aside(path)
    path.touch(mode=0o600)
    path.chmod(0o600)
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _sound(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _put_aside(path: Path) -> None:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(aside.with_name(aside.name + suffix))
