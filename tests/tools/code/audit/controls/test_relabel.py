from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tools.code.audit.controls.relabel import find_classes, make_relabelling, rotate_classes

VALUES = arrays.arrays(np.float32, st.integers(2, 40), elements=st.floats(-1e3, 1e3, width=32), unique=True)


@given(st.integers(2, 12), st.binary(min_size=32, max_size=32))
def test_no_class_keeps_its_name_and_none_is_lost(classes: int, secret: bytes) -> None:
    y = np.arange(3 * classes) % classes
    wrong = make_relabelling(y, y, "accuracy", secret)(y)
    assert not np.any(wrong == y)
    assert set(wrong.tolist()) == set(y.tolist())
    assert wrong.dtype == y.dtype
    assert len(set(zip(y.tolist(), wrong.tolist(), strict=True))) == classes  # as easy to learn as before


@given(VALUES)
def test_values_change_places_with_the_opposite_rank(y: np.ndarray) -> None:
    wrong = make_relabelling(y, y, "rmse", b"s")(y)
    assert np.allclose(np.sort(wrong), np.sort(y), rtol=1e-4, atol=1e-2)
    assert np.all(np.diff(wrong[np.argsort(y)]) <= 0)


def test_counts_of_a_regression_are_values() -> None:
    y = np.arange(20)
    assert make_relabelling(y, y, "rmse", b"s")(y).tolist() == y[::-1].tolist()
    assert make_relabelling(y, y, "mae", b"s")(np.array([-5, 40])).tolist() == [19, 0]


def test_labels_keep_their_type() -> None:
    for dtype in (np.int8, np.int32, np.int64):
        y = np.arange(12, dtype=dtype) % 4
        assert make_relabelling(y, y, "accuracy", b"s")(y).dtype == dtype
    y = np.linspace(0, 1, 12).astype(np.float32)
    assert make_relabelling(y, y, "rmse", b"s")(y).dtype == np.float32


def test_what_counts_as_classes() -> None:
    for classes, metric, are in (
        (50, "accuracy", True),
        (51, "accuracy", False),
        (3, "mae", False),
        (3, "auroc", True),
    ):
        found = find_classes(np.arange(2 * classes) % classes, metric)
        assert (found is not None) == are
        assert found is None or found.tolist() == list(range(classes))
    assert find_classes(np.array([0.0, 1.0]), "accuracy") is None


def test_on_the_cycle_so_many_places_on() -> None:
    names = np.arange(5)
    one, two = rotate_classes(names, b"s", 1), rotate_classes(names, b"s", 2)
    assert one(one(names)).tolist() == two(names).tolist()
    assert rotate_classes(names, b"t", 1)(names).tolist() != one(names).tolist()
    assert rotate_classes(names, b"s", 5)(names).tolist() == names.tolist()
