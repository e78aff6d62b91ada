"""Keeps the bank's vectors in a temporary file of this process, read in blocks: they take no memory, however many they
are."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
BLOCK_BYTES = 1 << 20
KEPT_QUERIES = 16
NOTHING: Vector = np.empty(0, dtype=np.float32)
ITEM_BYTES = np.dtype(np.float32).itemsize


class VectorFile:
    """Vectors (n, dims) by row. They are only added; several threads may read meanwhile. The file has no name, so it
    is gone with the process. Raises OSError if the disk is full."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - open as long as this object
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._count = self._dims = 0
        self._kept: dict[bytes, Vector] = {}  # the query that was asked last comes last

    def __len__(self) -> int:
        return self._count

    def add(self, vector: Vector) -> None:
        data = memoryview(vector.astype(np.float32).tobytes())
        with self._lock:
            self._dims, offset = len(vector), self._count * len(data)
            while data:  # a disk that fills up takes a part
                written = os.pwrite(self._file.fileno(), data, offset)
                data, offset = data[written:], offset + written
            self._count += 1

    def read(self, rows: Sequence[int] | NDArray[np.intp]) -> Vector:
        """Return the vectors (len(rows), dims) of some rows."""
        found = np.empty((len(rows), self._dims), dtype=np.float32)
        for place, row in enumerate(rows):
            self._fill(found[place : place + 1], int(row))
        return found

    def cosines(self, queries: Vector, count: int) -> Vector:
        """Return the cosines (len(queries), count) of unit vectors to the first `count` rows. Those of the last few
        queries are kept: of a query that comes again only the later rows are read. BLAS is not used: its threads would
        wait for cores that experiments hold."""
        known = [self._kept.get(query.tobytes(), NOTHING)[:count] for query in queries]
        cosines = np.empty((len(queries), count), dtype=np.float32)
        for found, begin in zip(cosines, known, strict=True):
            found[: len(begin)] = begin
        self._compute(queries, cosines, min(map(len, known), default=count))
        with self._lock:
            for query, found in zip(queries, cosines, strict=True):
                self._keep(query.tobytes(), found)
        return cosines

    def _compute(self, queries: Vector, cosines: Vector, begin: int) -> None:
        """Fill in the cosines from the row `begin` on."""
        count = cosines.shape[1]
        most = max(1, BLOCK_BYTES // (ITEM_BYTES * max(1, self._dims)))
        block = np.empty((min(most, max(1, count - begin)), self._dims), dtype=np.float32)
        for first in range(begin, count, len(block)):
            rows = block[: count - first]
            self._fill(rows, first)
            for query, found in zip(queries, cosines, strict=True):
                found[first : first + len(rows)] = np.einsum("ij,j->i", rows, query)

    def _keep(self, query: bytes, cosines: Vector) -> None:
        earlier = self._kept.pop(query, NOTHING)
        self._kept[query] = max(earlier, cosines.copy(), key=len)  # copied: a view would keep those of all queries
        if len(self._kept) > KEPT_QUERIES:
            del self._kept[next(iter(self._kept))]

    def _fill(self, rows: Vector, first: int) -> None:
        """Read as many rows as there is room for, from the row `first` on. Fresh memory for each block would take as
        long as the reading."""
        os.preadv(self._file.fileno(), [rows.data.cast("B")], first * ITEM_BYTES * self._dims)
