from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tools.paired.estimate import estimate


def test_without_items_it_is_the_paired_t_test() -> None:
    differences = np.array([0.3, 0.1, 0.4, 0.2, -0.1])
    ours = estimate(differences, None, 1.0)
    theirs = stats.ttest_1samp(differences, 0.0, alternative="greater")
    assert ours.freedom == pytest.approx(4)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    low, high = ours.interval(0.95)
    expected = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))


def test_programs_without_chance_are_judged_over_items() -> None:
    rng = np.random.default_rng(0)
    resampled = np.repeat(0.05 + 0.02 * rng.normal(size=(1, 200)), 4, axis=0)
    ours = estimate(np.full(4, 0.05), resampled, 1.0)
    assert ours.error == pytest.approx(float(resampled[0].std(ddof=1)))
    assert ours.freedom == 100


def test_equal_scores_by_chance_are_no_certainty() -> None:
    """Three seeds with the same score whose right answers are different items: the seeds' variance came out 0."""
    rng = np.random.default_rng(0)
    resampled = 0.05 + 0.03 * rng.normal(size=(3, 200))
    ours = estimate(np.full(3, 0.05), resampled, 1.0)
    assert ours.error > 0.7 * 0.03 / math.sqrt(3)


def test_what_seeds_and_items_both_see_is_counted_once() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2000, 8, 50))
    weights = rng.multinomial(50, np.full(50, 0.02), size=200) / 50
    variances = [estimate(v.mean(axis=1), v @ weights.T, 1.0).error ** 2 for v in values[:400]]
    assert np.mean(variances) == pytest.approx(1 / 400, rel=0.35)
    assert np.mean(variances) > 1 / 400  # never on the hopeful side


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8), st.integers(0, 1000))
def test_never_below_what_seeds_or_items_say_alone(differences: list[float], seed: int) -> None:
    d = np.array(differences)
    resampled = d[:, None] + 0.1 * np.random.default_rng(seed).normal(size=(len(d), 40))
    ours = estimate(d, resampled, 1.0)
    seeds_alone, items_alone = d.var(ddof=1) / len(d), resampled.mean(axis=0).var(ddof=1)
    assert ours.error**2 >= max(seeds_alone, items_alone) * (1 - 1e-9)
    assert len(d) - 1 - 1e-9 <= ours.freedom <= 100 + len(d) - 1 + 1e-9


def test_a_lucky_small_seed_variance_does_not_buy_freedom() -> None:
    resampled = np.full((3, 1), 0.05) + 0.01 * np.random.default_rng(0).normal(size=(1, 200))
    ours = estimate(np.array([0.050, 0.052, 0.048]), resampled, 1.0)
    plain = (ours.error**4) / ((0.002**2 / 3) ** 2 / 2 + (ours.error**2 - 0.002**2 / 3) ** 2 / 100)
    assert ours.freedom < 0.5 * plain


def test_no_variation_at_all_is_no_evidence() -> None:
    ours = estimate(np.full(5, 0.3), np.full((5, 200), 0.3), 1.0)
    assert (ours.p_value, ours.interval(0.95)) == (1.0, (-math.inf, math.inf))
    same = estimate(np.zeros(5), np.zeros((5, 200)), 1.0)
    assert (same.p_value, same.interval(0.95)) == (1.0, (0.0, 0.0))
    rounding = estimate(np.array([1e-16, 0.0, 1e-16]), None, 1.0)
    assert (rounding.effect, rounding.error) == (0.0, 0.0)


def test_resamples_without_a_score_are_dropped() -> None:
    resampled = np.random.default_rng(0).normal(size=(4, 100))
    holed = resampled.copy()
    holed[1, 7] = np.nan
    differences = np.array([0.1, 0.2, 0.3, 0.2])
    assert estimate(differences, holed, 1.0) == estimate(differences, np.delete(resampled, 7, axis=1), 1.0)


def by_definition(differences: np.ndarray, resampled: np.ndarray) -> tuple[float, float]:
    """Error and freedom, written down once more from the words of `estimate`."""
    seeds, mean_by_seed = len(differences), stats.chi2.ppf(0.05, len(differences) - 1)
    va, vb = differences.var(ddof=1) / seeds, resampled.mean(axis=0).var(ddof=1)
    within = max(0.0, resampled.var(axis=1, ddof=1).mean() - vb)
    w = within / (seeds - 1)
    vb = max(vb, w)
    bound = max(0.0, va * (seeds - 1) / mean_by_seed - w)
    freedom = 1 / ((bound / (bound + vb)) ** 2 / (seeds - 1) + (vb / (bound + vb)) ** 2 / 100)
    return math.sqrt(vb + max(0.0, va - w)), freedom


@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0.0, 0.5), st.floats(0.01, 0.5))
def test_error_and_freedom_are_as_they_are_defined(seed: int, seeds: int, spread: float, items: float) -> None:
    rng = np.random.default_rng(seed)
    differences = 0.1 + spread * rng.normal(size=seeds)
    resampled = differences[:, None] + items * rng.normal(size=(1, 40)) + items * rng.normal(size=(seeds, 40)) / 2
    ours = estimate(differences, resampled, 1.0)
    error, freedom = by_definition(differences, resampled)
    assert ours.effect == pytest.approx(differences.mean())
    assert (ours.error, ours.freedom) == (pytest.approx(error), pytest.approx(freedom))


def test_one_seed_is_judged_over_its_items_and_one_resample_is_none() -> None:
    rng = np.random.default_rng(1)
    resampled = rng.normal(size=(1, 50))
    alone = estimate(np.array([0.3]), resampled, 1.0)
    assert (alone.error, alone.freedom) == (pytest.approx(resampled.std(ddof=1)), 100)
    differences = np.array([0.3, 0.1, 0.2])
    assert estimate(differences, np.full((3, 1), 0.2), 1.0) == estimate(differences, None, 1.0)
    gaps = np.where(rng.random((3, 40)) < 0.2, np.nan, rng.normal(size=(3, 40)))
    whole = gaps[:, np.isfinite(gaps).all(axis=0)]
    assert 2 < whole.shape[1] < 40
    assert estimate(differences, gaps, 1.0) == estimate(differences, whole, 1.0)


def test_what_is_rounding_is_no_difference_and_what_is_not_is_one() -> None:
    for size in (1.0, 1e6):
        assert estimate(np.array([1e-10, -1e-10]) * size, None, size)[:2] == (0.0, 0.0)
        assert estimate(np.full(3, 0.5e-9 * size), None, size) == (0.0, 0.0, 1.0)
        steady = estimate(np.full(3, 2e-9 * size), None, size)
        assert (steady.effect, steady.error) == (pytest.approx(2e-9 * size), 0.0)
        assert (steady.p_value, steady.interval(0.95)) == (1.0, (-math.inf, math.inf))
    assert estimate(np.zeros(3), np.zeros((3, 5)), 1.0) == (0.0, 0.0, 1.0)
    assert estimate(np.zeros(3), None, 1.0).interval(0.95) == (0.0, 0.0)
