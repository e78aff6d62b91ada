"""Arrays are returned as they were written; hostile bytes raise Malformed and have no other effect."""

from __future__ import annotations

import io
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from sandbox.evaluation.arrays import Malformed, npy
from tests.sandbox.escapes.grading import POISONS, Poison


def written(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


@given(
    arrays_of.arrays(st.sampled_from(["f8", "f4", "i8", "u1", "?", "U5", ">i2"]), arrays_of.array_shapes(min_side=0))
)
def test_what_numpy_writes_is_read_back(array: np.ndarray) -> None:
    for one in (array, np.asfortranarray(array)):
        back = npy(written(one))
        assert (back.dtype, back.shape) == (one.dtype, one.shape)
        assert np.array_equal(back, one, equal_nan=one.dtype.kind == "f")


@pytest.mark.parametrize("one", [poison for poison in POISONS if poison.cause == "malformed"], ids=lambda one: one.name)
def test_poison_is_malformed_and_costs_nothing(one: Poison, tmp_path: Path) -> None:
    raw = one.make(tmp_path / "mark")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Malformed):
        npy(raw)
    assert list(tmp_path.iterdir()) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@given(st.binary(max_size=200), st.integers(0, 127), st.binary(max_size=20))
def test_any_bytes_are_an_array_or_malformed(tail: bytes, at: int, put: bytes) -> None:
    good = written(np.arange(4.0))
    for raw in (tail, good[:8] + tail, good[:at] + put + good[at + len(put) :]):
        try:
            array = npy(raw)
        except Malformed as error:
            said = str(error)
        else:
            said = str(array.dtype) if array.tolist() is not None and array.flags.writeable else ""
        assert said and "\n" not in said
