"""LangGraph's saver on SQLite, which notes beside all it writes how far the run's ledger was at that moment.

A ledger that lost its end knows nothing of what a later checkpoint speaks of. So a checkpoint, and what a task handed
over before the next one, counts only where the ledger still is on that chain. Every fact is recorded before the
checkpoint that follows from it, so the ledger's end at writing covers all that it needs.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from memory.faults import on_database
from memory.ledger import Position, Reader
from pelagos.errors import DamagedRun, PelagosError

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig

Name = tuple[str, ...]

PRUNE_EVERY = 500
MEND = "move it away, then `pelagos resume` begins at the first node and finds all facts in the ledger"
SCHEMA = """
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS ledger_at (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL,
  task_id TEXT NOT NULL, seq INTEGER NOT NULL, chain TEXT NOT NULL,
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id));
"""
MAIN = (
    "thread_id = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints WHERE thread_id = ? AND "
    "checkpoint_ns = '' ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
)
OWN = (
    "thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints WHERE "
    "thread_id = ? AND checkpoint_ns = ? ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
)


class LedgerSaver(SqliteSaver):
    """Prunes itself now and then to `keep` checkpoints: a lane writes some for as long as the run lasts.

    Only JSON types and LangGraph's own safe types come back as objects (strict msgpack, no pickle). Whatever it is
    asked for raises Locked, DiskFull and DamagedRun.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, ledger: Reader, keep: int) -> None:
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.path, self.ledger, self.keep = path, ledger, keep
        self._puts = 0

    def setup(self) -> None:
        if not self.is_setup:
            super().setup()
            self.conn.executescript(SCHEMA)

    @contextlib.contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        with on_database(self.path, MEND), super().cursor(transaction) as cursor:
            yield cursor

    def put(self, config: RunnableConfig, checkpoint: Any, metadata: Any, new_versions: Any) -> RunnableConfig:
        self._puts += 1
        if self._puts % PRUNE_EVERY == 0:
            self.prune_old()
        self._note(config["configurable"], checkpoint["id"], "")
        return super().put(config, checkpoint, metadata, new_versions)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self._note(config["configurable"], config["configurable"]["checkpoint_id"], task_id)
        super().put_writes(config, writes, task_id, task_path)

    def _note(self, given: Any, checkpoint_id: str, task_id: str) -> None:
        """Committed with the write that follows."""
        name = (str(given["thread_id"]), str(given.get("checkpoint_ns", "")), checkpoint_id, task_id)
        position = self.ledger.position()
        with self.cursor(transaction=False) as cursor:
            cursor.execute("INSERT OR REPLACE INTO ledger_at VALUES (?, ?, ?, ?, ?, ?)", (*name, *position))

    def check(self) -> None:
        """Read all there is. Raises DamagedRun where some of it can't be read."""
        with self.cursor(transaction=False) as cursor:
            fault = str(cursor.execute("PRAGMA quick_check(1)").fetchone()[0])
        if fault != "ok":
            raise DamagedRun(f"{self.path}: {' '.join(fault.split())}; {MEND}")
        try:
            for _ in self.list(None):
                pass
        except PelagosError:
            raise
        except Exception as error:  # border: whatever the serializer says of bytes that it didn't write
            raise DamagedRun(f"{self.path}: a checkpoint can't be read: {error}; {MEND}") from error

    def stray(self) -> tuple[set[Name], set[Name]]:
        """The checkpoints (thread, namespace, id) and pending writes (and task) that the ledger doesn't cover, or of
        which it isn't known."""
        with self.cursor(transaction=False) as cursor:
            noted = {tuple(row[:4]): Position(*row[4:]) for row in cursor.execute("SELECT * FROM ledger_at")}
            puts = set(cursor.execute("SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints"))
            writes = set(cursor.execute("SELECT thread_id, checkpoint_ns, checkpoint_id, task_id FROM writes"))
        covered = {name for name, position in noted.items() if self.ledger.holds(position)}
        return {name for name in puts if (*name, "") not in covered}, writes - covered

    def drop(self, checkpoints: set[Name], writes: set[Name]) -> None:
        """Delete these checkpoints with their pending writes, and these pending writes."""
        where = "thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes", "ledger_at"):
                cursor.executemany(f"DELETE FROM {table} WHERE {where}", sorted(checkpoints))  # noqa: S608 - ours
            for table in ("writes", "ledger_at"):
                cursor.executemany(f"DELETE FROM {table} WHERE {where} AND task_id = ?", sorted(writes))  # noqa: S608 - ours

    def copy(self, to: Path) -> None:
        """All there is, in one file."""
        with self.cursor(transaction=False) as cursor:
            cursor.execute("VACUUM INTO ?", (str(to),))
        to.chmod(0o600)

    def prune_old(self) -> int:
        """Delete all but the newest `keep` checkpoints of each thread and of each of its subgraphs in flight, with
        their writes. Returns how many went.

        Checkpoint ids are ordered in time. Subgraphs' checkpoints go with the main graph's ones of their time; those of
        the subgraphs in flight are newer than the newest main checkpoint, and of these the newest stay.
        """
        gone, keep = 0, self.keep
        with self.cursor() as cursor:
            found = cursor.execute("SELECT DISTINCT thread_id, checkpoint_ns FROM checkpoints").fetchall()
            for thread, space in found:
                given = (thread, space, thread, space, keep - 1) if space else (thread, thread, keep - 1)
                for table in ("writes", "ledger_at", "checkpoints"):  # which are the newest is asked of the last one
                    cursor.execute(f"DELETE FROM {table} WHERE {OWN if space else MAIN}", given)  # noqa: S608 - ours
                gone += cursor.rowcount
        return gone
