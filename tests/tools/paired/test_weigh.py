from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.judging.decide import decide_validation, worth_more_seeds
from pelagos.nouns import Metric, VerdictKind
from tests.tools.paired.arms import CONFIDENCE, DOWN, SEEDS, UP, arm, pair
from tools.evidence import Evidence
from tools.paired.weigh import Arm, weigh

SCORES = st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=8, max_size=8)


def scaled(original: Arm, factor: float) -> Arm:
    replicates = {seed: [factor * x for x in values] for seed, values in original.replicates.items()}
    return Arm({seed: factor * score for seed, score in original.scores.items()}, replicates, original.failed)


def numbers(shown: Evidence) -> list[float]:
    effect = shown.effect
    assert effect is not None
    return [effect.value, *effect.bounds, shown.p_value, effect.seeds, shown.seeds]


@given(st.integers(0, 10_000), st.floats(0.01, 1000), st.floats(-0.1, 0.1))
def test_another_unit_changes_nothing_but_the_unit(seed: int, by: float, effect: float) -> None:
    base, candidate = pair(np.random.default_rng(seed), effect)
    one, other = (
        weigh(b, c, UP, SEEDS, CONFIDENCE) for b, c in ((base, candidate), (scaled(base, by), scaled(candidate, by)))
    )
    assert other.p_value == pytest.approx(one.p_value, rel=1e-6)
    assert numbers(other)[:3] == pytest.approx([by * number for number in numbers(one)[:3]])


@given(st.integers(0, 10_000), st.floats(-0.1, 0.1))
def test_lower_is_better_is_the_mirror_image(seed: int, effect: float) -> None:
    base, candidate = pair(np.random.default_rng(seed), effect)
    up = weigh(base, candidate, UP, SEEDS, CONFIDENCE)
    down = weigh(scaled(base, -1), scaled(candidate, -1), DOWN, SEEDS, CONFIDENCE)
    assert numbers(down) == pytest.approx(numbers(up))


def test_a_lower_rmse_is_an_improvement() -> None:
    base, candidate = [55.0, 56.0, 54.5], [50.0, 51.2, 49.4]
    metric = Metric(name="rmse", direction=DOWN.direction, min_effect=0.5)
    evidence = weigh(arm(base), arm(candidate), metric, SEEDS, CONFIDENCE)
    assert evidence.effect is not None
    assert evidence.effect.value == pytest.approx(4.9667, abs=1e-3)
    assert evidence.effect.low is not None
    assert evidence.effect.low > 0


def test_programs_without_chance_are_told_from_others() -> None:
    assert weigh(arm([0.5] * 3), arm([0.6] * 3), UP, SEEDS, CONFIDENCE).constant
    assert not weigh(arm([0.5] * 3), arm([0.6, 0.6, 0.61]), UP, SEEDS, CONFIDENCE).constant
    assert not weigh(arm([0.5, 0.5, 0.51]), arm([0.6] * 3), UP, SEEDS, CONFIDENCE).constant
    assert not weigh(arm([0.5]), arm([0.6]), UP, SEEDS, CONFIDENCE).constant


def test_two_seeds_have_an_interval() -> None:
    evidence = weigh(arm([0.5, 0.51]), arm([0.6, 0.62]), UP, SEEDS, CONFIDENCE)
    assert evidence.tested and evidence.effect is not None
    assert evidence.effect.low is not None and evidence.effect.low < 0.105 < (evidence.effect.high or 0)
    assert evidence.p_value < 0.5


def test_the_same_difference_on_more_seeds_only_grows_surer() -> None:
    noise = np.tile([0.004, -0.004], 4)
    evidences = [weigh(arm([0.8] * n), arm((0.81 + noise[:n]).tolist()), UP, SEEDS, CONFIDENCE) for n in (4, 6, 8)]
    widths = [high - low for high, low in ((look.effect.high, look.effect.low) for look in evidences if look.effect)]
    assert widths == sorted(widths, reverse=True)
    assert [look.p_value for look in evidences] == sorted((look.p_value for look in evidences), reverse=True)
    assert decide_validation(evidences[-1], UP).kind is VerdictKind.PROMISING


@given(SCORES, SCORES, st.permutations(range(8)))
def test_the_order_of_seeds_is_nothing(base: list[float], candidate: list[float], order: list[int]) -> None:
    in_order = weigh(arm(base), arm(candidate), UP, SEEDS, CONFIDENCE)
    permuted = weigh(arm(base), arm(candidate), UP, order, CONFIDENCE)
    assert numbers(permuted) == pytest.approx(numbers(in_order), nan_ok=True)


def test_p_values_of_nulls_are_no_smaller_than_chance() -> None:
    rng, p_values = np.random.default_rng(3), []
    for _ in range(1000):
        p_values.append(weigh(*pair(rng, 0.0, items=30), UP, SEEDS, CONFIDENCE).p_value)
    for level in (0.05, 0.1, 0.2):
        assert np.mean(np.array(p_values) <= level) <= level + 2 * math.sqrt(level / len(p_values))
    assert min(p_values) < 0.05  # it isn't deaf


def test_a_candidate_that_failed_on_a_seed_has_no_weight() -> None:
    base, candidate = arm([0.5] * 5), arm([0.9, 0.91, 0.92, 0.9], failed=(4,))
    evidence = weigh(base, candidate, UP, SEEDS, CONFIDENCE)
    assert (evidence.p_value, evidence.failed, evidence.seeds) == (1.0, (4,), 4)


def test_nothing_in_common() -> None:
    none_shared = weigh(arm([0.5]), Arm({7: 0.5}), UP, SEEDS, CONFIDENCE)
    assert (none_shared.effect, none_shared.p_value, none_shared.tested) == (None, 1.0, False)
    one_shared = weigh(arm([0.5]), arm([0.9]), UP, SEEDS, CONFIDENCE)
    assert (none_shared.amount, one_shared.amount) == ("0 seeds", "1 seed")
    assert one_shared.effect is not None
    assert (one_shared.tested, one_shared.effect.low, one_shared.effect.bounds[0], one_shared.p_value) == (
        False,
        None,
        -math.inf,
        1.0,
    )


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
    evidence = weigh(base, candidate, UP, range(len(pairs)), CONFIDENCE)
    ruling = decide_validation(evidence, UP)
    assert all(value is None or math.isfinite(value) for value in dict(evidence.effect or ()).values())
    if evidence.effect is None:
        assert ruling.kind is VerdictKind.UNDECIDED
        assert "too large" in ruling.reason
        assert not worth_more_seeds(evidence, ruling)


@pytest.mark.parametrize("size", [1e78, 1e155, 1e300, 1e-200, 1e-290])
def test_the_size_of_scores_does_not_change_what_they_show(size: float) -> None:
    base, better = (1.0, 1.1, 0.9, 1.05), (2.0, 2.3, 1.9, 2.05)
    plain = weigh(arm(base), arm(better), UP, range(4), CONFIDENCE)
    large = weigh(
        arm([score * size for score in base]), arm([score * size for score in better]), UP, range(4), CONFIDENCE
    )
    assert large.p_value == pytest.approx(plain.p_value)
    assert numbers(large)[0] == pytest.approx(numbers(plain)[0] * size)
