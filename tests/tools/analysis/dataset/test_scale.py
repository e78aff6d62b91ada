"""Raw and log2 are told apart; samples on different scales are refused."""

from __future__ import annotations

import numpy as np
import pytest

from pelagos.errors import BadInput
from tests.tools.analysis.tables import make_wide
from tools.analysis.dataset.scale import find_scale


def test_raw_intensities_and_their_logarithms_are_told_apart() -> None:
    raw = make_wide()
    assert find_scale(raw)[0] == "raw"
    assert find_scale(np.log2(raw))[0] == "log2"
    assert find_scale(np.log2(raw) - np.log2(raw).mean())[0] == "log2"
    assert find_scale(raw / raw.median())[0] == "raw"  # ratios around 1


def test_samples_on_two_scales_are_named() -> None:
    mixed = make_wide()
    mixed.iloc[3:5] = np.log2(mixed.iloc[3:5])
    with pytest.raises(BadInput, match=r"mixed scales: 2 of 24 samples are log2, the others are not \(S04, S05\)"):
        find_scale(mixed)


def test_missing_values_do_not_matter() -> None:
    raw = make_wide()
    raw.iloc[0, :9] = np.nan
    assert find_scale(raw)[0] == "raw"
