from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.judging.decide import open_to_seeds, rule
from agents.judging.evidence import Arm, e_value, weigh
from pelagos.nouns import Metric, VerdictKind
from tests.agents.judging.arms import DOWN, RULES, SEEDS, UP, arm, pair

SCORES = st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=8, max_size=8)


def scaled(one: Arm, by: float) -> Arm:
    replicates = {seed: [by * x for x in values] for seed, values in one.replicates.items()}
    return Arm({seed: by * score for seed, score in one.scores.items()}, replicates, one.failed)


@given(st.integers(0, 10_000), st.floats(0.01, 1000), st.floats(-0.1, 0.1))
def test_another_unit_changes_nothing_but_the_unit(seed: int, by: float, effect: float) -> None:
    base, candidate = pair(np.random.default_rng(seed), effect)
    one, other = (
        weigh(b, c, UP, SEEDS, RULES) for b, c in ((base, candidate), (scaled(base, by), scaled(candidate, by)))
    )
    assert other.e_value == pytest.approx(one.e_value, rel=1e-6)
    assert (other.effect, other.low, other.high) == pytest.approx((one.effect * by, one.low * by, one.high * by))


@given(st.integers(0, 10_000), st.floats(-0.1, 0.1))
def test_lower_is_better_is_the_mirror_image(seed: int, effect: float) -> None:
    base, candidate = pair(np.random.default_rng(seed), effect)
    up = weigh(base, candidate, UP, SEEDS, RULES)
    down = weigh(scaled(base, -1), scaled(candidate, -1), DOWN, SEEDS, RULES)
    assert down[:6] == pytest.approx(up[:6])


def test_a_lower_rmse_is_an_improvement() -> None:
    base, candidate = [55.0, 56.0, 54.5], [50.0, 51.2, 49.4]
    metric = Metric(name="rmse", direction=DOWN.direction, min_effect=0.5)
    found = weigh(arm(base), arm(candidate), metric, SEEDS, RULES)
    assert found.effect == pytest.approx(4.9667, abs=1e-3)
    assert found.low > 0


@given(SCORES, SCORES, st.permutations(range(3)))
def test_order_within_a_look_is_nothing(base: list[float], candidate: list[float], order: list[int]) -> None:
    changed = [*order, *range(3, 8)]
    one = weigh(arm(base), arm(candidate), UP, SEEDS, RULES)
    other = weigh(arm(base), arm(candidate), UP, changed, RULES)
    assert other[:6] == pytest.approx(one[:6], nan_ok=True)


@given(st.integers(0, 10_000), st.floats(-0.1, 0.2))
def test_evidence_once_paid_for_stays(seed: int, effect: float) -> None:
    base, candidate = pair(np.random.default_rng(seed), effect)
    found = [weigh(base, candidate, UP, SEEDS[:n], RULES).e_value for n in range(1, 9)]
    assert found == sorted(found)
    assert found[0] == found[1] == 0  # before the first look
    assert found[2] == found[3]  # between looks nothing is read


@given(st.floats(1e-12, 1), st.floats(1e-12, 1), st.integers(1, 5000))
def test_calibrator_falls_and_has_mean_one(p: float, q: float, hypotheses: int) -> None:
    assert (e_value(p, 0.1, hypotheses) - e_value(q, 0.1, hypotheses)) * (p - q) <= 0
    grid = np.exp(np.linspace(math.log(1e-9), 0, 20_001))
    values = np.array([e_value(float(x), 0.1, hypotheses) for x in grid[:: 20 if hypotheses > 1 else 1]])
    points = grid[:: 20 if hypotheses > 1 else 1]
    area = float(np.sum(values[1:] * np.diff(points))) + values[0] * points[0]
    assert area <= 1 + 1e-6
    assert e_value(1e-12, 0.1, hypotheses) == pytest.approx(hypotheses / 0.1)


def test_e_values_of_nulls_have_mean_at_most_one_whenever_one_stops() -> None:
    rng = np.random.default_rng(3)
    stopped = []
    for _ in range(1000):
        base, candidate = pair(rng, 0.0, items=30)
        values = [weigh(base, candidate, UP, SEEDS[:n], RULES).e_value for n in (3, 5, 8)]
        stopped.append(max(values))  # the most favourable stop
    standard_error = np.std(stopped) / math.sqrt(len(stopped))
    assert np.mean(stopped) <= 1 + 2 * standard_error
    assert max(stopped) > 0


def test_a_candidate_that_failed_on_a_seed_has_no_e_value() -> None:
    base, candidate = arm([0.5] * 5), arm([0.9, 0.91, 0.92, 0.9], failed=(4,))
    found = weigh(base, candidate, UP, SEEDS, RULES)
    assert (found.e_value, found.failed, found.seeds) == (0.0, (4,), 4)


def test_nothing_in_common() -> None:
    found = weigh(arm([0.5]), Arm({7: 0.5}), UP, SEEDS, RULES)
    assert (found.effect, found.e_value, found.tested) == (None, 0.0, False)
    one = weigh(arm([0.5]), arm([0.9]), UP, SEEDS, RULES)
    assert (one.tested, one.low, one.e_value) == (False, -math.inf, 0.0)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=2, max_size=5), st.integers(0, 4), st.data())
def test_no_finite_score_breaks_the_judge(
    pairs: list[tuple[float, float]], resamples: int, data: st.DataObject
) -> None:
    """A score of 1e78 ended a run in OverflowError, and again at every resume."""
    resampled = st.lists(st.floats(), min_size=resamples, max_size=resamples)
    base, candidate = (
        Arm(dict(enumerate(scores)), {seed: data.draw(resampled) for seed in range(len(pairs))})
        for scores in zip(*pairs, strict=True)
    )
    evidence = weigh(base, candidate, UP, range(len(pairs)), RULES)
    ruling = rule(evidence, evidence.e_value > 0, UP, RULES)
    shown = (evidence.effect, evidence.baseline, evidence.score)
    assert all(value is None or math.isfinite(value) for value in shown)
    if evidence.too_large:
        assert ruling.kind is VerdictKind.UNDECIDED
        assert "too large" in ruling.reason
        assert not open_to_seeds(evidence, ruling)


@pytest.mark.parametrize("size", [1e78, 1e155, 1e300, 1e-200, 1e-290])
def test_the_size_of_scores_does_not_change_what_they_show(size: float) -> None:
    base, better = (1.0, 1.1, 0.9, 1.05), (2.0, 2.3, 1.9, 2.05)
    plain = weigh(arm(base), arm(better), UP, range(4), RULES)
    large = weigh(arm([one * size for one in base]), arm([one * size for one in better]), UP, range(4), RULES)
    assert large.p_value == pytest.approx(plain.p_value)
    assert large.effect == pytest.approx((plain.effect or 0) * size)
