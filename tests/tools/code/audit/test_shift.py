from __future__ import annotations

import numpy as np
import pytest

from tools.code.audit.shift import shifted

DRAW = np.random.default_rng(3)


def test_measured_values_all_move_and_by_next_to_nothing() -> None:
    x, asked = DRAW.normal(size=(50, 3)).astype(np.float32), DRAW.normal(size=(20, 3)).astype(np.float32)
    made = shifted(x, asked, b"s")
    assert made is not None
    for new, old in zip(made, (x, asked), strict=True):
        assert new.dtype == old.dtype
        assert np.mean(new != old) > 0.9
        assert np.abs(new - old).max() < 0.03
        assert new.min() >= min(x.min(), asked.min())
    assert not {tuple(row) for row in made[1].tolist()} & {tuple(row) for row in asked.tolist()}


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_pixels_move_by_one_step_and_few_of_them(dtype: type) -> None:
    x, asked = (DRAW.integers(0, 17, size=(n, 8, 8)).astype(dtype) for n in (60, 30))
    made = shifted(x, asked, b"s")
    assert made is not None
    for new, old in zip(made, (x, asked), strict=True):
        moved = np.abs(new.astype(float) - old.astype(float))
        assert set(np.unique(moved)) == {0.0, 1.0}
        assert 0.02 < moved.mean() < 0.08
        assert (new.astype(float).min(), new.astype(float).max()) == (0, 16)


def test_names_and_texts_stay() -> None:
    names = DRAW.integers(0, 3, size=(50, 4))
    assert shifted(names, names, b"s") is None
    assert shifted(names.astype(str), names.astype(str), b"s") is None
    both = np.column_stack([names, DRAW.normal(size=50)])
    made = shifted(both, both, b"s")
    assert made is not None
    assert np.array_equal(made[0][:, :4], both[:, :4])
