"""The bank's Chroma index: gives search candidates fast where the bank is large.

Chroma's persistent client is for one process (several writers corrupt it), so the index has a lock, taken at the first
search; who doesn't get it goes without. It follows the bank when it is asked; everything in it can be thrown away.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from memory.keys import step_key
from memory.vectors import Held, Vector

BATCH = 1000


class SearchIndex:
    """Cosine index under `folder/chroma`, held by this process from its first search until closed.

    `without` is '' or the reason why this process goes without.
    """

    def __init__(self, folder: Path) -> None:
        self.without = ""
        self._folder = folder
        self._guard = threading.Lock()
        self._lock = FileLock(folder / "index.lock", thread_local=False)
        self._client: Any = None

    def close(self) -> None:
        with self._guard:
            self._client = None
            self._lock.release()

    def candidates(self, held: Held, embedder: str, vector: Vector, count: int) -> set[str]:
        """Ids of about the nearest `count` entries, or none where this process goes without the index."""
        with self._guard:
            if self.without:
                return set()
            try:
                self._open()
                collection = self._synced(held, f"{embedder}/{held.epoch}")
                found = collection.query(query_embeddings=vector[None, :], n_results=count, include=[])
                return {str(item) for item in found["ids"][0]}
            except Timeout:
                self.without = "another process holds the index"
            except ImportError:
                self.without = "chromadb is not installed"
            except Exception as error:  # border: Chroma's own store; the search stays exact without it
                self.without = f"chroma failed: {type(error).__name__}: {error}"
            self._lock.release()
            return set()

    def _open(self) -> None:
        if self._client is None:
            self._lock.acquire(timeout=0)
            import chromadb
            from chromadb.config import Settings

            self._client = chromadb.PersistentClient(str(self._folder / "chroma"), Settings(anonymized_telemetry=False))

    def _synced(self, held: Held, made: str) -> Any:
        """The collection of this embedder and epoch, with what is missing added. Entries leave only by a new epoch."""
        name = f"hypotheses-{step_key(made=made)}"
        for other in self._client.list_collections():
            if other.name != name:
                self._client.delete_collection(other.name)
        collection = self._client.get_or_create_collection(
            name, embedding_function=None, metadata={"hnsw:space": "cosine"}
        )
        if collection.count() != len(held.entries):
            known = set(collection.get(include=[])["ids"])
            rows = [row for row, entry in enumerate(held.entries) if entry.id not in known]
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                collection.add(ids=[held.entries[row].id for row in part], embeddings=held.vectors[part])
        return collection
