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
ITEM_BYTES = np.dtype(np.float32).itemsize


class VectorFile:
    """Vectors (n, dims) by row. They are only added; several threads may read meanwhile. The file has no name, so it
    is gone with the process. Raises OSError if the disk is full."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - open as long as this object
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._count = self._dims = 0

    def __len__(self) -> int:
        return self._count

    def add(self, vector: Vector) -> None:
        data = vector.astype(np.float32).tobytes()
        with self._lock:
            self._dims = self._dims or len(vector)
            written = os.pwrite(self._file.fileno(), data, self._count * len(data))
            if written != len(data):  # a disk that fills up takes a part; the next attempt says that it is full
                os.pwrite(self._file.fileno(), data[written:], self._count * len(data) + written)
            self._count += 1

    def read(self, rows: Sequence[int] | NDArray[np.intp]) -> Vector:
        """Return the vectors (len(rows), dims) of some rows."""
        return np.stack([self._read(int(row), 1)[0] for row in rows]) if len(rows) else self._read(0, 0)

    def cosines(self, queries: Vector, count: int) -> Vector:
        """Return the cosines (len(queries), count) of unit vectors to the first `count` rows. BLAS is not used: its
        threads would wait for cores that experiments hold."""
        cosines = np.empty((len(queries), count), dtype=np.float32)
        rows = max(1, BLOCK_BYTES // (ITEM_BYTES * max(1, self._dims)))
        for first in range(0, count, rows):
            block = self._read(first, min(rows, count - first))
            cosines[:, first : first + len(block)] = np.einsum("ij,kj->ki", block, queries)
        return cosines

    def _read(self, first: int, count: int) -> Vector:
        size = ITEM_BYTES * self._dims
        data = os.pread(self._file.fileno(), count * size, first * size)
        return np.frombuffer(data, dtype=np.float32).reshape(count, self._dims)
