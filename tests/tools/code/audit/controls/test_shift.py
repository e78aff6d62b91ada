from __future__ import annotations

import numpy as np
import pytest

from tools.code.audit.controls.shift import shift_inputs

DRAW = np.random.default_rng(3)


def test_measured_values_all_move_and_by_next_to_nothing() -> None:
    x, test_inputs = DRAW.normal(size=(50, 3)).astype(np.float32), DRAW.normal(size=(20, 3)).astype(np.float32)
    shifted = shift_inputs(x, test_inputs, b"s")
    assert shifted is not None
    for new, old in zip(shifted, (x, test_inputs), strict=True):
        assert new.dtype == old.dtype
        assert np.mean(new != old) > 0.9
        assert np.abs(new - old).max() < 0.03
        assert new.min() >= min(x.min(), test_inputs.min())
    assert not {tuple(row) for row in shifted[1].tolist()} & {tuple(row) for row in test_inputs.tolist()}


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_pixels_move_by_one_step_and_few_of_them(dtype: type) -> None:
    x, test_inputs = (DRAW.integers(0, 17, size=(n, 8, 8)).astype(dtype) for n in (60, 30))
    shifted = shift_inputs(x, test_inputs, b"s")
    assert shifted is not None
    for new, old in zip(shifted, (x, test_inputs), strict=True):
        moved = np.abs(new.astype(float) - old.astype(float))
        assert set(np.unique(moved)) == {0.0, 1.0}
        assert 0.02 < moved.mean() < 0.08
        assert (new.astype(float).min(), new.astype(float).max()) == (0, 16)


def test_names_and_texts_stay() -> None:
    names = DRAW.integers(0, 3, size=(50, 4))
    assert shift_inputs(names, names, b"s") is None
    assert shift_inputs(names.astype(str), names.astype(str), b"s") is None
    both = np.column_stack([names, DRAW.normal(size=50)])
    shifted = shift_inputs(both, both, b"s")
    assert shifted is not None
    assert np.array_equal(shifted[0][:, :4], both[:, :4])
