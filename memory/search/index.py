"""The search index of one run: an FTS5 table in a file beside the ledger. It can be deleted at any time.

It holds words and where they stand, not the texts: those are read again from ledger and artifacts for the few that are
shown. `update` adds what the ledger has grown by. A file that is missing, damaged, of another version, or of another
ledger is built anew. Where none can be written, the index is in memory. The ledger is only read.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

from memory.artifacts import ArtifactStore
from memory.files.disk_errors import is_locked, translate_database_errors
from memory.ledger.ledger import Event, Reader
from memory.ledger.rows import Position, find_chain
from memory.search.documents import LISTERS, QUESTION, REST, Document, list_documents
from pelagos.errors import Locked

T = TypeVar("T")
FILE = "search.db"
VERSION = 1
PAGE_ROWS = 1_000
WAIT_S = 30.0
HIT_BEGIN, HIT_END = "\x02", "\x03"
"""Marks around hits in a snippet; no visible text holds them."""
SNIPPET_WORDS = 28
REMEDY = f"delete {FILE}: it is built anew"
SCHEMA = (
    "CREATE TABLE position (seq INTEGER NOT NULL, chain TEXT NOT NULL)",
    "INSERT INTO position VALUES (0, '')",
    "CREATE TABLE documents (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, part TEXT NOT NULL, kind TEXT NOT NULL, "
    "hypothesis TEXT NOT NULL)",
    "CREATE INDEX titles ON documents (hypothesis) WHERE kind = 'hypothesis'",
    "CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE VIEW contents AS SELECT id, load_text(seq, part) AS text FROM documents",
    "CREATE VIRTUAL TABLE words USING fts5(text, content='contents', content_rowid='id', prefix='2 3', "
    "tokenize='porter unicode61 remove_diacritics 2')",
    f"PRAGMA user_version = {VERSION}",
)
FIND = """
SELECT documents.id, documents.seq, kind, hypothesis, rank FROM words JOIN documents ON documents.id = words.rowid
WHERE words MATCH ? {condition} ORDER BY rank LIMIT ?
"""
SNIPPET = "SELECT snippet(words, 0, ?, ?, '…', ?) FROM words WHERE words MATCH ? AND rowid = ?"
FIRST_PROMPT = "SELECT seq FROM documents WHERE part = ? ORDER BY id LIMIT 1"
TITLE = (
    "SELECT load_text(seq, part) FROM documents WHERE kind = 'hypothesis' AND hypothesis = ? ORDER BY id DESC LIMIT 1"
)


class Match(NamedTuple):
    """A text that matches. `score` is BM25's: the larger, the better."""

    id: int
    seq: int
    kind: str
    hypothesis: str
    score: float


class SearchIndex:
    """`reader` reads the run's ledger, `artifacts` its artifacts; `path` is the index' file. For one thread."""

    def __init__(self, path: Path, reader: Reader, artifacts: ArtifactStore) -> None:
        self.path, self._reader, self._artifacts = path, reader, artifacts
        self._first_prompt = ""
        self._connection = self._open()

    def close(self) -> None:
        self._connection.close()

    def update(self, within_s: float = math.inf) -> int:
        """Index the rows that the ledger has grown by, for about `within_s` seconds; return how many are left.

        Raises BadInput where another version of Pelagos wrote a row, DiskFull, and Locked where another process holds
        the index.
        """
        deadline = time.monotonic() + within_s
        return self._rebuild_if_damaged(lambda: self._update(deadline), deadline)

    def find(self, expression: str, kinds: Collection[str], limit: int) -> list[Match]:
        """Return the best matches of an FTS5 expression, of some kinds or (none given) of all."""
        condition = f"AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        query, given = FIND.format(condition=condition), (expression, *kinds, limit)

        def find() -> list[Match]:
            rows = self._connection.execute(query, given)
            return [Match(id, seq, kind, hypothesis, -rank) for id, seq, kind, hypothesis, rank in rows]

        return self._rebuild_if_damaged(find)

    def make_snippet(self, expression: str, match: Match) -> str:
        """Return the part of the text with most hits, each between HIT_BEGIN and HIT_END."""
        given = (HIT_BEGIN, HIT_END, SNIPPET_WORDS, expression, match.id)
        return self._fetch_text(SNIPPET, given)

    def find_title(self, hypothesis: str) -> str:
        """Return the title of a hypothesis, "" where it isn't indexed."""
        return self._fetch_text(TITLE, (hypothesis,)).partition("\n")[0]

    def _fetch_text(self, query: str, given: tuple[str | int, ...]) -> str:
        with translate_database_errors(self.path, REMEDY):
            row = self._connection.execute(query, given).fetchone()
        return str(row[0]) if row else ""

    def _update(self, deadline: float) -> int:
        end = self._reader.last_seq()
        position = self._read_position()
        if not self._continues(position):
            raise sqlite3.DatabaseError("it is of another ledger")
        while position.seq < end and time.monotonic() <= deadline:
            position = self._add_page(end)
        return max(0, end - position.seq)

    def _add_page(self, end: int) -> Position:
        """Index the next rows in one transaction. Another process may have indexed some of them meanwhile."""
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            after = self._read_position().seq
            page = self._reader.events(after=after, kinds=LISTERS, limit=PAGE_ROWS)
            for event in page:
                for document in self._list_documents(event, self._opening):
                    self._add(event.seq, document)
            last = page[-1].seq if len(page) == PAGE_ROWS else max(after, end, *(event.seq for event in page[-1:]))
            position = Position(last, self._find_chain(last))
            self._connection.execute("UPDATE position SET seq = ?, chain = ?", position)
            return position

    def _add(self, seq: int, document: Document) -> None:
        owner = "" if document.shared else document.hypothesis
        text = "\0".join((document.kind, owner, document.text))
        digest = hashlib.blake2b(text.encode(), digest_size=12).digest()
        if self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount:
            row = (seq, document.part, document.kind, owner)
            id = self._connection.execute(
                "INSERT INTO documents (seq, part, kind, hypothesis) VALUES (?, ?, ?, ?)", row
            ).lastrowid
            self._connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (id, document.text))

    def _read_position(self) -> Position:
        return Position(*self._connection.execute("SELECT seq, chain FROM position").fetchone())

    def _continues(self, position: Position) -> bool:
        return not position.seq or self._reader.has_position(position)

    def _find_chain(self, seq: int) -> str:
        with self._reader.reading() as connection:
            return find_chain(connection, seq)

    def _load_text(self, seq: int, part: str) -> str:
        """Return the text that was indexed, as ledger and artifacts hold it now."""
        opening = self._opening if part.endswith(REST) else ""
        documents = (
            document
            for event in self._reader.events(after=seq - 1, limit=1)
            for document in self._list_documents(event, opening)
        )
        return next((document.text for document in documents if document.part == part), "")

    def _list_documents(self, event: Event, opening: str) -> list[Document]:
        return list_documents(event, self._artifacts, str(self._reader.path), opening)

    @property
    def _opening(self) -> str:
        """The first prompt, with which the others have their opening in common; "" where there is none yet."""
        if not self._first_prompt:
            row = self._connection.execute(FIRST_PROMPT, (QUESTION,)).fetchone()
            self._first_prompt = self._load_text(row[0], QUESTION) if row else ""
        return self._first_prompt

    def _open(self) -> sqlite3.Connection:
        """Return the index in the file, an empty one where there is none that can be used, and one in memory where none
        can be written."""
        try:
            return self._create(self._connect(self.path))
        except sqlite3.DatabaseError as error:
            if is_locked(error):
                raise Locked(str(self.path)) from error
            return self._connect_memory() if _is_unwritable(error) else self._replace()

    def _replace(self) -> sqlite3.Connection:
        """Return a new, empty index in the place of the file."""
        for suffix in ("", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        return self._create(self._connect(self.path))

    def _connect(self, path: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
        connection.create_function("load_text", 2, self._load_text)
        connection.execute("PRAGMA trusted_schema = ON")  # the view calls load_text
        return connection

    def _connect_memory(self) -> sqlite3.Connection:
        return self._create(self._connect(":memory:"))

    def _create(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Create the tables in an empty file; of several processes one does. Raises DatabaseError for a file of another
        version."""
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError(f"it is of version {version}")
            for statement in () if version else SCHEMA:
                connection.execute(statement)
        return connection

    def _rebuild_if_damaged(self, work: Callable[[], T], deadline: float = math.inf) -> T:
        """Return what `work` returns. Where the file turns out to be damaged, or of another ledger, it is built anew,
        once, as far as it can be before the deadline."""
        with translate_database_errors(self.path, REMEDY):
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if is_locked(error) or _is_unwritable(error):
                    raise
            self._connection.close()
            self._connection, self._first_prompt = self._replace(), ""
            self._update(deadline)
            return work()


def _is_unwritable(error: sqlite3.DatabaseError) -> bool:
    """Whether the disk or the file's mode prevents a write; this says nothing about the content."""
    name: str = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL"))


def open_index(run: Path, reader: Reader) -> closing[SearchIndex]:
    """Return a context with the index of the run in the folder `run`."""
    return closing(SearchIndex(run / FILE, reader, ArtifactStore(run / "artifacts")))
