"""The bank's Chroma index: a mirror of the vectors that gives candidates fast where the bank is large.

Chroma's persistent client is for one process (several writers corrupt it), so the index has a lock; who doesn't get
it goes without. Everything in it can be made anew from the vectors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from memory.vectors import Entry, Vector

NAME = "hypotheses"
BATCH = 1000


class ChromaIndex:
    """Cosine index under `folder/chroma`, held by this process until closed."""

    def __init__(self, collection: Any, client: Any, lock: FileLock) -> None:
        self._collection, self._client, self._lock = collection, client, lock

    @classmethod
    def open(cls, folder: Path) -> tuple[ChromaIndex | None, str]:
        """The index, or None and the reason why this process goes without."""
        lock = FileLock(folder / "index.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None, "another process holds the index"
        try:
            import chromadb
            from chromadb.config import Settings

            client = chromadb.PersistentClient(str(folder / "chroma"), Settings(anonymized_telemetry=False))
            return cls(_collection(client), client, lock), ""
        except ImportError:
            lock.release()
            return None, "chromadb is not installed"
        except Exception as error:  # border: Chroma's own store; the vectors are the truth and the search stays exact
            lock.release()
            return None, f"chroma can't open its store: {type(error).__name__}: {error}"

    def close(self) -> None:
        self._lock.release()

    def put(self, entries: list[Entry], vectors: Vector) -> None:
        """Mirror these entries; those that are there already are left as they are."""
        for start in range(0, len(entries), BATCH):
            rows = entries[start : start + BATCH]
            self._collection.add(
                ids=[row.id for row in rows],
                embeddings=vectors[start : start + BATCH],
                documents=[row.text for row in rows],
            )

    def sync(self, entries: list[Entry], vectors: Vector) -> None:
        """Add what is missing and take out what is no longer there."""
        known = set(self._collection.get(include=[])["ids"])
        gone = known - {entry.id for entry in entries}
        if gone:
            self._collection.delete(ids=sorted(gone))
        missing = [number for number, entry in enumerate(entries) if entry.id not in known]
        self.put([entries[number] for number in missing], vectors[missing])

    def replace_all(self, entries: list[Entry], vectors: Vector) -> None:
        """Mirror these and nothing else."""
        self._client.delete_collection(NAME)
        self._collection = _collection(self._client)
        self.put(entries, vectors)

    def candidates(self, entries: list[Entry], vectors: Vector, vector: Vector, count: int) -> list[str]:
        """Ids of about the nearest `count` of `entries`, which are mirrored first where others added some."""
        if self._collection.count() != len(entries):
            self.sync(entries, vectors)
        found = self._collection.query(query_embeddings=vector[None, :], n_results=count, include=[])
        return [str(item) for item in found["ids"][0]]


def _collection(client: Any) -> Any:
    return client.get_or_create_collection(NAME, embedding_function=None, metadata={"hnsw:space": "cosine"})
