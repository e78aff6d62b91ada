"""p-values, e-values and shares, with numbers worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks.discovery.metrics import (
    is_supported,
    is_supported_by_e,
    mean_e_value,
    measure_clustered_share,
    measure_share,
    to_one_sided,
)


@pytest.mark.parametrize(
    ("p", "effect", "direction", "wanted"),
    [
        (0.04, 2.0, "up", 0.02),
        (0.04, -2.0, "up", 0.98),
        (0.04, -2.0, "down", 0.02),
        (0.04, -2.0, "either", 0.04),
        (None, 2.0, "up", 1.0),
        (0.04, None, "down", 1.0),
    ],
)
def test_one_sided(p: float | None, effect: float | None, direction: str, wanted: float) -> None:
    assert to_one_sided(p, effect, direction) == pytest.approx(wanted)


def test_all_implications_must_hold() -> None:
    assert is_supported([0.01, 0.1])
    assert not is_supported([1e-9, 0.11])


def test_e_values_are_averaged() -> None:
    assert mean_e_value([0.0025]) == pytest.approx(10)
    assert mean_e_value([0.0025, 1.0]) == pytest.approx(5.25)
    assert is_supported_by_e([0.0024]) and not is_supported_by_e([0.0026])
    assert is_supported_by_e([0.0, 1.0])  # a p that is 0 in floating point


def test_a_share_has_its_exact_interval() -> None:
    share = measure_share([False] * 30)
    assert (share.share, share.low) == (0, 0)
    assert share.high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_permutations_of_one_hypothesis_count_as_one_cluster() -> None:
    alike = measure_clustered_share([[True] * 10, [False] * 10, [False] * 10, [False] * 10])
    mixed = measure_clustered_share([[True, True, True] + [False] * 9] * 4)
    assert alike.share == mixed.share == 0.25
    assert alike.high > 0.25 == mixed.high
