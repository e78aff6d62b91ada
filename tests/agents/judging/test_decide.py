from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.judging.decide import decide_claim, decide_validation, is_tested_at_once, worth_more_seeds
from pelagos.nouns import Effect, VerdictKind
from tests.tools.paired.arms import CONFIDENCE, SEEDS, UP, pair
from tools.evidence import Evidence
from tools.paired.weigh import weigh

LEAST = UP.min_effect


def evidence(effect: float, low: float, high: float, p: float = 0.5, **more: object) -> Evidence:
    return Evidence(
        Effect(value=effect, low=low, high=high, p_value=p, seeds=8), 8, "8 seeds", CONFIDENCE, tested=True
    )._replace(**more)


def test_verdicts_on_validation_data() -> None:
    kinds = {
        (0.05, 0.03, 0.07, 0.0004): VerdictKind.PROMISING,
        (0.05, 0.03, 0.07, 0.21): VerdictKind.UNDECIDED,
        (0.001, -0.005, 0.006, 0.4): VerdictKind.EQUIVALENT,
        (0.0, 0.0, 0.0, 1.0): VerdictKind.EQUIVALENT,
        (-0.05, -0.08, -0.02, 0.99): VerdictKind.REFUTED,
        (-0.01, -0.03, 0.005, 0.8): VerdictKind.REFUTED,
        (0.01, -0.03, 0.05, 0.3): VerdictKind.UNDECIDED,
        (0.008, 0.003, 0.013, 0.001): VerdictKind.UNDECIDED,
    }
    assert {numbers: decide_validation(evidence(*numbers), UP).kind for numbers in kinds} == kinds
    assert "less than the least change" in decide_validation(evidence(0.008, 0.003, 0.013, 0.001), UP).reason


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(1e-6, 0.2))
def test_validation_data_never_support_and_sealed_data_only_at_their_level(
    effect: float, below: float, above: float, p: float, level: float
) -> None:
    shown = evidence(effect, effect - below, effect + above, p)
    assert decide_validation(shown, UP).kind is not VerdictKind.SUPPORTED
    held = decide_claim(shown, UP, level).kind is VerdictKind.SUPPORTED
    assert held == (p <= level and effect >= LEAST)


def test_a_harmed_guard_blocks_both_stages_with_its_reason() -> None:
    shown = evidence(0.05, 0.03, 0.07, 0.0001, harms=("guard seconds is worse by 9",))
    for ruling in (decide_validation(shown, UP), decide_claim(shown, UP, 0.05)):
        assert ruling.kind is VerdictKind.UNDECIDED
        assert "guard seconds is worse by 9" in ruling.reason


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"failed": (3,)}, "seed 3"),
        ({"effect": Effect(value=0.5, p_value=1.0, seeds=8)}, "no variation"),
        ({"effect": None}, "too large"),
        ({"suspect": ("reads labels", "more")}, "suspect: reads labels"),
    ],
)
def test_faults_are_undecided_with_a_reason_at_both_stages_and_buy_no_seeds(
    fault: dict[str, object], word: str
) -> None:
    shown = evidence(0.5, 0.4, 0.6, 0.0001)._replace(**fault)
    for ruling in (decide_validation(shown, UP), decide_claim(shown, UP, 0.05)):
        assert ruling.kind is VerdictKind.UNDECIDED
        assert word in ruling.reason
    assert not worth_more_seeds(shown, decide_validation(shown, UP))
    assert not is_tested_at_once(shown, decide_validation(shown, UP))


def test_seeds_are_bought_while_they_may_change_something() -> None:
    def bought(shown: Evidence) -> bool:
        return worth_more_seeds(shown, decide_validation(shown, UP))

    assert bought(evidence(0.02, -0.02, 0.06, 0.29))
    assert bought(evidence(0.05, 0.03, 0.07, 0.001))
    assert not bought(evidence(0.02, -0.02, 0.06, 0.31))  # hopeless
    assert not bought(evidence(-0.05, -0.08, -0.02, 0.99))
    assert not bought(evidence(0.05, 0.03, 0.07, 0.001, constant=True))  # seeds tell nothing
    assert bought(Evidence(Effect(value=0.05, p_value=1.0, seeds=1), 1, "1 seed", CONFIDENCE))


def test_only_what_is_strong_is_tested_at_once() -> None:
    for p, now in ((0.01, True), (0.011, False)):
        shown = evidence(0.05, 0.03, 0.07, p)
        assert is_tested_at_once(shown, decide_validation(shown, UP)) is now


def test_what_sealed_data_do_not_show_is_said_with_what_they_do_show() -> None:
    ruling = decide_claim(evidence(-0.05, -0.08, -0.02, 0.99), UP, 0.05)
    assert ruling == (VerdictKind.REFUTED, "promising, but sealed data don't show it at level 0.05")
    assert decide_claim(evidence(0.02, -0.02, 0.06, 0.1), UP, 0.05).kind is VerdictKind.UNDECIDED


def test_identical_predictions_are_equivalent_not_a_free_win() -> None:
    base, _ = pair(np.random.default_rng(0), 0.0)
    shown = weigh(base, base, UP, SEEDS, CONFIDENCE)
    assert shown.effect is not None
    assert (shown.effect.value, shown.p_value) == (0.0, 1.0)
    assert decide_validation(shown, UP).kind is VerdictKind.EQUIVALENT
