"""Vectors on disk are what was added, in whichever blocks they are read."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.bank import vector_file
from memory.bank.vector_file import Vector, VectorFile


def unit_vectors(count: int, dims: int, seed: int = 0) -> Vector:
    drawn = np.random.default_rng(seed).normal(size=(count, dims)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 200), st.integers(0, 99))
def test_cosines_in_blocks_are_those_of_the_whole(count: int, dims: int, block_bytes: int, seed: int) -> None:
    vectors, queries = unit_vectors(count, dims, seed), unit_vectors(3, dims, seed + 100)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_file, "BLOCK_BYTES", block_bytes)
        file = VectorFile(Path(folder))
        for vector in vectors:
            file.add(vector)
        assert len(file) == count and os.listdir(folder) == []
        assert np.array_equal(file.cosines(queries, count), [np.einsum("ij,j->i", vectors, query) for query in queries])
        rows = list(range(count))[::-2]
        assert file.read(rows).tolist() == vectors[rows].tolist()


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(0, 4), min_size=1, max_size=3)), max_size=9))
def test_cosines_are_the_same_whatever_was_asked_before(asked: list[tuple[int, list[int]]]) -> None:
    vectors, queries = unit_vectors(60, 8), unit_vectors(5, 8, seed=1)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_file, "KEPT_QUERIES", 3)
        file = VectorFile(Path(folder))
        for more, chosen in asked:
            for vector in vectors[len(file) : len(file) + more]:
                file.add(vector)
            for count in (len(file), len(file) // 2):  # an older snapshot is asked as well
                expected = [np.einsum("ij,j->i", vectors[:count], queries[place]) for place in chosen]
                assert np.array_equal(file.cosines(queries[chosen], count), expected)
                assert len(file._kept) <= 3


def test_rows_are_read_once_for_a_query_that_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, vectors, rows_read = VectorFile(tmp_path), unit_vectors(12, 8), list[int]()
    fill = file._fill
    monkeypatch.setattr(file, "_fill", lambda rows, first: (rows_read.append(len(rows)), fill(rows, first)))
    for vector in vectors[:10]:
        file.add(vector)
    file.cosines(vectors[:2], 10)
    for vector in vectors[10:]:
        file.add(vector)
    file.cosines(vectors[1:2], 12)
    file.cosines(vectors[1:2], 12)
    assert rows_read == [10, 2]


def test_a_full_disk_is_an_error_and_leaves_no_half_vector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = unit_vectors(2, 8)
    file = VectorFile(tmp_path)
    file.add(first)
    write, room = os.pwrite, [10]

    def write_into_little_room(descriptor: int, data: bytes, offset: int) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        taken = min(room[0], len(data))
        room[0] -= taken
        return write(descriptor, data[:taken], offset)

    monkeypatch.setattr(os, "pwrite", write_into_little_room)
    with pytest.raises(OSError, match="No space"):
        file.add(second)
    assert len(file) == 1
    room[0] = 100
    file.add(second)
    assert np.array_equal(file.read([0, 1]), [first, second])


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_its_file_is_closed_with_it(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    file = VectorFile(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del file
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_takes_no_memory(tmp_path: Path) -> None:
    def resident_mb() -> float:
        status = Path("/proc/self/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    file, vectors = VectorFile(tmp_path), unit_vectors(2000, 1024)
    file.add(vectors[0])
    file.cosines(vectors[:1], 1)
    before: Any = resident_mb()
    for _ in range(8):
        for vector in vectors:
            file.add(vector)
    assert file.cosines(vectors[:1], len(file)).shape == (1, 16_001)
    assert resident_mb() - before < 16  # the vectors are 64 MB
