from __future__ import annotations

import math

import numpy as np

from tools.statistics.competition import compare_with_rest

RISING = {f"up{place}": 3.0 + place / 10 for place in range(8)}
OTHERS = {f"rest{place}": 2.0 + place / 10 for place in range(8)} | {
    f"flat{place}": -1.0 + place / 10 for place in range(16)
}


def test_a_set_that_moves_with_everything_ranks_behind_one_that_moves_more() -> None:
    sets = {"more": list(RISING), "as all": ["up0", "rest0", "flat0", "flat1"]}
    more, as_all = compare_with_rest(RISING | OTHERS, sets, np.array([True, True]))
    assert more < 1e-4 < 0.1 < as_all


def test_the_direction_is_that_of_the_set() -> None:
    sets = {"more": list(RISING)}
    (down,) = compare_with_rest(RISING | OTHERS, sets, np.array([False]))
    assert down > 0.99


def test_a_set_of_all_features_or_without_a_measured_one_has_no_rank() -> None:
    everything = RISING | OTHERS | {"untested": float("nan")}
    found = compare_with_rest(everything, {"all": list(everything), "none": ["untested"]}, np.array([True, True]))
    assert all(map(math.isnan, found))
