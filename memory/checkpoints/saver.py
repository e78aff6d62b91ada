"""LangGraph's saver on SQLite, which records with every write where the run's ledger ended at that moment.

A ledger that lost its end lacks facts that a later checkpoint refers to. So a checkpoint, and the pending writes of a
task, count only where the ledger still contains that position. Every fact is recorded before the checkpoint that
follows from it, so the position at the time of writing covers all that the checkpoint needs.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from memory.files.disk_errors import translate_database_errors
from memory.ledger.ledger import Reader
from memory.ledger.rows import Position
from pelagos.errors import DamagedRun, PelagosError

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig

CheckpointName = tuple[str, ...]

PRUNE_EVERY = 500
REMEDY = "move it away, then `pelagos resume` begins at the first node and finds all facts in the ledger"
SCHEMA = """
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS ledger_at (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL,
  task_id TEXT NOT NULL, seq INTEGER NOT NULL, chain TEXT NOT NULL,
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id));
"""
OLD_IN_MAIN_GRAPH = (
    "thread_id = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints WHERE thread_id = ? AND "
    "checkpoint_ns = '' ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
)
OLD_IN_SUBGRAPH = (
    "thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < (SELECT checkpoint_id FROM checkpoints WHERE "
    "thread_id = ? AND checkpoint_ns LIKE ? ORDER BY checkpoint_id DESC LIMIT 1 OFFSET ?)"
)


class LedgerSaver(SqliteSaver):
    """Prunes itself to `keep` checkpoints every PRUNE_EVERY writes: a lane writes them as long as the run lasts.

    Only JSON types and LangGraph's own safe types are restored as objects (strict msgpack, no pickle). Every method
    raises Locked, DiskFull and DamagedRun.
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
        with translate_database_errors(self.path, REMEDY), super().cursor(transaction) as cursor:
            yield cursor

    def put(self, config: RunnableConfig, checkpoint: Any, metadata: Any, new_versions: Any) -> RunnableConfig:
        self._puts += 1
        if self._puts % PRUNE_EVERY == 0:
            self.prune_old()
        self._record_position(config["configurable"], checkpoint["id"], "")
        return super().put(config, checkpoint, metadata, new_versions)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self._record_position(config["configurable"], config["configurable"]["checkpoint_id"], task_id)
        super().put_writes(config, writes, task_id, task_path)

    def _record_position(self, given: Any, checkpoint_id: str, task_id: str) -> None:
        """Record the position of the ledger. It is committed with the write that follows."""
        name = (str(given["thread_id"]), str(given.get("checkpoint_ns", "")), checkpoint_id, task_id)
        position = self.ledger.position()
        with self.cursor(transaction=False) as cursor:
            cursor.execute("INSERT OR REPLACE INTO ledger_at VALUES (?, ?, ?, ?, ?, ?)", (*name, *position))

    def check(self) -> None:
        """Read everything. Raises DamagedRun where something can't be read."""
        with self.cursor(transaction=False) as cursor:
            fault = str(cursor.execute("PRAGMA quick_check(1)").fetchone()[0])
        if fault != "ok":
            raise DamagedRun(f"{self.path}: {' '.join(fault.split())}; {REMEDY}")
        try:
            for _ in self.list(None):
                pass
        except PelagosError:
            raise
        except Exception as error:  # border: the serializer may raise anything on bytes that it didn't write
            raise DamagedRun(f"{self.path}: a checkpoint can't be read: {error}; {REMEDY}") from error

    def uncovered(self) -> tuple[set[CheckpointName], set[CheckpointName]]:
        """Return the checkpoints (thread, namespace, id) and the pending writes (and task) that the ledger doesn't
        cover, or whose position is unknown."""
        with self.cursor(transaction=False) as cursor:
            positions = {tuple(row[:4]): Position(*row[4:]) for row in cursor.execute("SELECT * FROM ledger_at")}
            checkpoints = set(cursor.execute("SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints"))
            writes = set(cursor.execute("SELECT thread_id, checkpoint_ns, checkpoint_id, task_id FROM writes"))
        covered = {name for name, position in positions.items() if self.ledger.has_position(position)}
        return {name for name in checkpoints if (*name, "") not in covered}, writes - covered

    def delete(self, checkpoints: set[CheckpointName], writes: set[CheckpointName]) -> None:
        """Delete these checkpoints with their pending writes, and these pending writes."""
        where = "thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes", "ledger_at"):
                cursor.executemany(f"DELETE FROM {table} WHERE {where}", sorted(checkpoints))  # noqa: S608 - ours
            for table in ("writes", "ledger_at"):
                cursor.executemany(f"DELETE FROM {table} WHERE {where} AND task_id = ?", sorted(writes))  # noqa: S608 - ours

    def copy_to(self, to: Path) -> None:
        """Copy everything into one file."""
        with self.cursor(transaction=False) as cursor:
            cursor.execute("VACUUM INTO ?", (str(to),))
        to.chmod(0o600)

    def prune_old(self) -> int:
        """Delete all but the newest `keep` checkpoints of each thread and of each of its running subgraphs, with their
        writes. Return the number of deleted checkpoints.

        Checkpoint ids are ordered in time. Subgraphs' checkpoints are deleted with the main graph's of the same time;
        those of running subgraphs are newer than the newest main checkpoint, and of these the newest stay. The visits
        of a node inside a subgraph follow one another, so they count as one.
        """
        deleted, keep = 0, self.keep
        with self.cursor() as cursor:
            namespaces = cursor.execute("SELECT DISTINCT thread_id, checkpoint_ns FROM checkpoints").fetchall()
            for thread, namespace in namespaces:
                where = OLD_IN_SUBGRAPH if namespace else OLD_IN_MAIN_GRAPH
                ids = (thread, namespace, thread, _all_visits(namespace)) if namespace else (thread, thread)
                for table in ("writes", "ledger_at", "checkpoints"):  # the last one tells which are the newest
                    cursor.execute(f"DELETE FROM {table} WHERE {where}", (*ids, keep - 1))  # noqa: S608 - ours
                deleted += cursor.rowcount
        return deleted


def _all_visits(namespace: str) -> str:
    """Return a LIKE pattern: "lane:1|segment:7" -> "lane:1|segment:%". The main graph's nodes may run side by side, so
    a namespace of one level stands for itself."""
    return f"{namespace.rpartition(':')[0]}:%" if "|" in namespace else namespace
