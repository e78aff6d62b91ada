from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tools.code.audit.relabel import relabelling

VALUES = arrays.arrays(np.float32, st.integers(2, 40), elements=st.floats(-1e3, 1e3, width=32), unique=True)


@given(st.integers(2, 12), st.binary(min_size=32, max_size=32))
def test_no_class_keeps_its_name_and_none_is_lost(classes: int, secret: bytes) -> None:
    y = np.arange(3 * classes) % classes
    wrong = relabelling(y, y, "accuracy", secret)(y)
    assert not np.any(wrong == y)
    assert set(wrong.tolist()) == set(y.tolist())
    assert wrong.dtype == y.dtype
    assert len(set(zip(y.tolist(), wrong.tolist(), strict=True))) == classes  # as easy to learn as before


@given(VALUES)
def test_values_change_places_with_the_opposite_rank(y: np.ndarray) -> None:
    wrong = relabelling(y, y, "rmse", b"s")(y)
    assert np.allclose(np.sort(wrong), np.sort(y), rtol=1e-4, atol=1e-2)
    assert np.all(np.diff(wrong[np.argsort(y)]) <= 0)


def test_counts_of_a_regression_are_values() -> None:
    y = np.arange(20)
    assert relabelling(y, y, "rmse", b"s")(y).tolist() == y[::-1].tolist()
    assert relabelling(y, y, "mae", b"s")(np.array([-5, 40])).tolist() == [19, 0]
