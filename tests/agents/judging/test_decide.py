from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.judging.decide import decide, e_bh, open_to_seeds
from agents.judging.evidence import Evidence, weigh
from pelagos.nouns import VerdictKind
from tests.agents.judging.arms import RULES, SEEDS, UP, arm, pair

E_VALUES = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.floats(0, 2000), max_size=30)


def evidence(effect: float, low: float, high: float, e: float = 0.0, **more: object) -> Evidence:
    return Evidence(effect, low, high, 0.5, e, 8)._replace(**more)


def kind(found: Evidence) -> VerdictKind:
    return decide({"h": found}, UP, RULES)["h"].kind


def test_e_bh_by_hand() -> None:
    assert e_bh({"a": 40.0, "b": 19.0, "c": 1.0, "d": 0.0}, 0.1) == {"a"}
    assert e_bh({"a": 39.0, "b": 20.0, "c": 1.0, "d": 0.0}, 0.1) == {"a", "b"}
    assert e_bh({"a": 39.0, "b": 19.0, "c": 1.0, "d": 0.0}, 0.1) == set()
    assert e_bh({}, 0.1) == set()
    assert e_bh({"a": 10.0}, 0.1) == {"a"}


@given(E_VALUES, st.floats(0.01, 0.5), st.data())
def test_more_evidence_never_rejects_less(values: dict[str, float], alpha: float, data: st.DataObject) -> None:
    before = e_bh(values, alpha)
    for name in values:
        after = e_bh({**values, name: values[name] + data.draw(st.floats(0, 1000))}, alpha)
        assert before <= after


@given(E_VALUES, st.floats(0.01, 0.5))
def test_rejected_are_the_largest_and_each_is_large_enough(values: dict[str, float], alpha: float) -> None:
    rejected = e_bh(values, alpha)
    if rejected:
        least = min(values[name] for name in rejected)
        assert least >= len(values) / (alpha * len(rejected)) * (1 - 1e-6)
        assert all(values[name] <= least for name in values.keys() - rejected)


def test_verdicts() -> None:
    assert kind(evidence(0.05, 0.03, 0.07, e=400)) is VerdictKind.SUPPORTED
    assert kind(evidence(0.05, 0.03, 0.07, e=0)) is VerdictKind.UNDECIDED
    assert kind(evidence(0.001, -0.005, 0.006)) is VerdictKind.EQUIVALENT
    assert kind(evidence(0.0, 0.0, 0.0)) is VerdictKind.EQUIVALENT
    assert kind(evidence(-0.05, -0.08, -0.02)) is VerdictKind.REFUTED
    assert kind(evidence(-0.01, -0.03, 0.005)) is VerdictKind.REFUTED
    assert kind(evidence(0.01, -0.03, 0.05)) is VerdictKind.UNDECIDED


def test_better_by_too_little_is_not_supported() -> None:
    ruling = decide({"h": evidence(0.008, 0.003, 0.013, e=400)}, UP, RULES)["h"]
    assert ruling.kind is VerdictKind.UNDECIDED
    assert "less than the least change" in ruling.reason


def test_a_harmed_guard_blocks_with_its_reason() -> None:
    ruling = decide({"h": evidence(0.05, 0.03, 0.07, e=400, harms=("guard seconds is worse by 9",))}, UP, RULES)["h"]
    assert ruling.kind is VerdictKind.UNDECIDED
    assert "guard seconds is worse by 9" in ruling.reason


def test_faults_are_undecided_with_a_reason_and_buy_no_seeds() -> None:
    failed = evidence(0.5, 0.4, 0.6, failed=(3,))
    constant = evidence(0.5, -math.inf, math.inf)
    for found, word in ((failed, "seed 3"), (constant, "no variation")):
        ruling = decide({"h": found}, UP, RULES)["h"]
        assert ruling.kind is VerdictKind.UNDECIDED
        assert word in ruling.reason
        assert not open_to_seeds(found, ruling)


def test_one_among_many_needs_more() -> None:
    strong = evidence(0.05, 0.03, 0.07, e=100)
    nulls = {f"n{i}": evidence(0.0, -0.05, 0.05) for i in range(20)}
    assert decide({"h": strong}, UP, RULES)["h"].kind is VerdictKind.SUPPORTED
    assert decide({"h": strong, **nulls}, UP, RULES)["h"].kind is VerdictKind.UNDECIDED


def test_identical_predictions_are_equivalent_not_a_free_win() -> None:
    base, _ = pair(np.random.default_rng(0), 0.0)
    found = weigh(base, base, UP, SEEDS, RULES)
    assert (found.effect, found.e_value) == (0.0, 0.0)
    assert kind(found) is VerdictKind.EQUIVALENT


def test_a_constant_difference_without_noise_is_not_supported() -> None:
    found = weigh(arm([0.5] * 8), arm([0.9] * 8), UP, SEEDS, RULES)
    assert kind(found) is VerdictKind.UNDECIDED


def test_the_same_difference_on_more_seeds_only_grows_surer() -> None:
    noise = np.tile([0.004, -0.004], 4)
    found = [weigh(arm([0.8] * n), arm((0.81 + noise[:n]).tolist()), UP, SEEDS, RULES) for n in (4, 6, 8)]
    assert [one.high - one.low for one in found] == sorted((one.high - one.low for one in found), reverse=True)
    assert [kind(one) for one in found][-1] is VerdictKind.SUPPORTED
    assert [one.e_value for one in found] == sorted(one.e_value for one in found)


def test_findings_take_all_weight_and_nobody_else_gains_by_it() -> None:
    good, cheat = evidence(0.2, 0.1, 0.3, e=900.0), evidence(0.4, 0.3, 0.5, e=900.0)
    held = decide({"good": good, "cheat": cheat.disbelieved(["reads labels", "and more"])}, UP, RULES)
    assert held["cheat"] == (VerdictKind.UNDECIDED, "suspect: reads labels")
    assert held["good"].kind is VerdictKind.SUPPORTED
    assert cheat.disbelieved() is cheat
    for one in (cheat.disbelieved(["reads labels"]), cheat.disbelieved(unaudited="experiments")):
        ruling = decide({"cheat": one}, UP, RULES)["cheat"]
        assert ruling.kind is VerdictKind.UNDECIDED
        assert not open_to_seeds(one, ruling)
