"""The bank's Chroma index: gives search candidates fast where the bank is large.

Chroma's persistent client is made for one process (several writers corrupt it). So the index has a lock, taken at the
first search; a process that doesn't get the lock searches without the index. The index follows the bank and can be
deleted at any time.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from memory.bank.vector_file import Vector
from memory.bank.vectors import BankSnapshot
from memory.ledger.keys import step_key

BATCH = 1000


class SearchIndex:
    """Cosine index under `folder/chroma`, held by this process from its first search until it is closed.

    `unavailable_reason` is '', or the reason why this process doesn't use the index.
    """

    def __init__(self, folder: Path) -> None:
        self.unavailable_reason = ""
        self._folder = folder
        self._guard = threading.Lock()
        self._lock = FileLock(folder / "index.lock", thread_local=False)
        self._client: Any = None

    def close(self) -> None:
        with self._guard:
            self._client = None
            self._lock.release()

    def candidates(self, snapshot: BankSnapshot, embedder: str, vector: Vector, count: int) -> set[str]:
        """Return the ids of about the nearest `count` entries; none where this process doesn't use the index."""
        with self._guard:
            if self.unavailable_reason:
                return set()
            try:
                self._open()
                collection = self._synced(snapshot, f"{embedder}/{snapshot.epoch}")
                result = collection.query(query_embeddings=vector[None, :], n_results=count, include=[])
                return {str(id) for id in result["ids"][0]}
            except Timeout:
                self.unavailable_reason = "another process holds the index"
            except ImportError:
                self.unavailable_reason = "chromadb is not installed"
            except Exception as error:  # border: Chroma's own store; the search stays exact without it
                self.unavailable_reason = f"chroma failed: {type(error).__name__}: {error}"
            self._lock.release()
            return set()

    def _open(self) -> None:
        if self._client is None:
            self._lock.acquire(timeout=0)
            import chromadb
            from chromadb.config import Settings

            self._client = chromadb.PersistentClient(str(self._folder / "chroma"), Settings(anonymized_telemetry=False))

    def _synced(self, snapshot: BankSnapshot, source: str) -> Any:
        """Return the collection of this embedder and epoch, with missing entries added. Entries are removed only by a
        new epoch."""
        name = f"hypotheses-{step_key(made=source)}"
        for other in self._client.list_collections():
            if other.name != name:
                self._client.delete_collection(other.name)
        collection = self._client.get_or_create_collection(
            name, embedding_function=None, metadata={"hnsw:space": "cosine"}
        )
        if collection.count() != snapshot.size:
            known = set(collection.get(include=[])["ids"])
            rows = [row for row, id in enumerate(snapshot.list_ids()) if id not in known]
            for start in range(0, len(rows), BATCH):
                batch = rows[start : start + BATCH]
                collection.add(ids=[snapshot.ids[row] for row in batch], embeddings=snapshot.vectors.read(batch))
        return collection
