from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.code.audit.controls.regions import relabel_by_region, split_regions

X = np.random.default_rng(3).normal(size=(120, 4))
ASKED = np.random.default_rng(4).normal(size=(80, 4))


@given(st.integers(4, 12), st.binary(min_size=32, max_size=32))
def test_every_class_is_wrong_in_both_regions_and_another_one_in_each(classes: int, secret: bytes) -> None:
    y, truth = np.arange(120) % classes, np.arange(80) % classes
    relabelled = relabel_by_region((X, ASKED), (y, truth), "accuracy", secret)
    assert relabelled is not None
    sides = split_regions(X, ASKED)
    for wrong, right, side in zip(relabelled, (y, truth), sides, strict=True):
        assert not np.any(wrong == right)
        assert wrong.dtype == right.dtype
        pairs = {(a, b, c) for a, b, c in zip(right.tolist(), wrong.tolist(), side.tolist(), strict=True)}
        assert len({(a, b) for a, b, _ in pairs}) == len(pairs)  # no class gets the same name in both


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_no_multiple_of_a_wrong_value_is_the_right_one(dtype: type) -> None:
    y = np.sort(np.random.default_rng(5).normal(size=120) * 100).astype(dtype)
    truth = y[:80]
    relabelled = relabel_by_region((X, ASKED), (y, truth), "rmse", b"s")
    assert relabelled is not None
    for wrong, right in zip(relabelled, (y, truth), strict=True):
        assert wrong.dtype == dtype
        assert -0.95 < np.corrcoef(wrong, right)[0, 1] < 0
        assert set(np.round(wrong)) <= set(np.round(y)) | set(np.round(wrong[(wrong > y.min()) & (wrong < y.max())]))


def test_two_and_three_classes_and_texts_have_no_regions() -> None:
    for classes in (2, 3):
        assert (
            relabel_by_region((X, ASKED), (np.arange(120) % classes, np.arange(80) % classes), "accuracy", b"s") is None
        )
    assert relabel_by_region((X.astype(str), ASKED.astype(str)), (X[:, 0], ASKED[:, 0]), "rmse", b"s") is None


def test_regions_are_halves_of_any_shape_also_with_holes() -> None:
    images = X.reshape(120, 2, 2).copy()
    images[0, 0, 0] = np.nan
    train, test_regions = split_regions(images, ASKED.reshape(80, 2, 2))
    assert train.sum() == 60
    assert 20 < test_regions.sum() < 60
