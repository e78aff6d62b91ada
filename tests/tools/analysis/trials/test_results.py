from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind
from tests.tools.analysis.planning.examples import make_implication, make_row
from tools.analysis.findings import e_value, one_sided
from tools.analysis.trials.results import TestResult, find_harm, make_result, weigh_results
from tools.evidence import Evidence

CLEAR = dict(r_low=-0.7, r_high=-0.2)


def weigh(results: list[TestResult], store: ArtifactStore, outcome: OutcomeKind = OutcomeKind.OK) -> Evidence:
    files = {"results": store.put_json([each.model_dump(mode="json") for each in results])}
    experiment = Experiment(
        id="e", version="v", hypothesis="h", seed=0, split="validation", outcome=outcome, files=files
    )

    class Reads:
        artifacts = store

    return weigh_results([experiment], Reads())  # type: ignore[arg-type]


@given(st.floats(-1, 1).filter(bool), st.floats(0, 0.99), st.sampled_from(["up", "down"]))
def test_the_two_directions_share_one_p(r: float, p: float, direction: str) -> None:
    row = make_row(r=r, p=p)
    other = "down" if direction == "up" else "up"
    assert abs(one_sided(row, direction) + one_sided(row, other) - 1) < 1e-12
    assert (one_sided(row, direction) <= 0.5) == ((r > 0) == (direction == "up"))


@given(st.floats(1e-12, 1))
def test_an_e_value_bets_fairly_at_most(p: float) -> None:
    """The calibrator integrates to 1 over p, so its mean under the null is 1: at p = 1/4 it is 1."""
    assert (e_value(p) >= 1) == (p <= 0.25)


def test_the_evidence_is_the_worst_required_test(tmp_path: Path) -> None:
    primary = make_result(make_implication(), make_row(r=0.6, p=0.001), "", "")
    second = make_result(make_implication(role="other tool"), make_row(r=0.2, p=0.2), "", "")
    further = make_result(make_implication(role="unadjusted", required=False), make_row(r=0.1, p=0.9), "", "")
    evidence = weigh([primary, second, further], ArtifactStore(tmp_path))
    assert evidence.effect is not None
    assert (evidence.effect.value, evidence.effect.p_value) == (0.6, 0.1)
    assert evidence.constant and evidence.tested and evidence.amount == "50 samples"


def test_a_downward_effect_is_positive_in_its_direction(tmp_path: Path) -> None:
    result = make_result(make_implication(direction="down"), make_row(r=-0.6, p=0.001), "", "")
    effect = weigh([result], ArtifactStore(tmp_path)).effect
    assert effect is not None and (effect.value, effect.low, effect.high) == (0.6, 0.6 - 0.2, 0.6 + 0.2)
    assert effect.p_value == 0.0005


def test_without_a_result_there_is_no_effect(tmp_path: Path) -> None:
    missing = make_result(make_implication(), None, "no result for P1", "")
    assert weigh([missing], ArtifactStore(tmp_path)).effect is None
    failed = weigh([missing], ArtifactStore(tmp_path), OutcomeKind.ERROR)
    assert failed.failed == (0,) and not failed.tested


def test_what_is_clearly_the_other_way_harms_and_what_is_not_is_noted() -> None:
    primary = make_result(make_implication(), make_row(), "", "")
    clear = make_result(make_implication(required=False, role="batch"), make_row(r=-0.5, **CLEAR), "", "")
    vague = make_result(make_implication(required=False, role="batch"), make_row(r=-0.1), "", "")
    assert find_harm(clear, primary) and not find_harm(vague, primary) and not find_harm(primary, primary)


def test_a_set_that_is_but_one_member_is_harmed() -> None:
    primary = make_result(make_implication(), make_row(r=0.6), "", "")
    role = make_implication(required=False, role="without strongest")
    assert find_harm(make_result(role, make_row(r=0.2), "", ""), primary)
    assert not find_harm(make_result(role, make_row(r=0.5), "", ""), primary)


def test_a_test_that_wasnt_run_has_no_interval_and_weighs_nothing() -> None:
    missing = make_result(make_implication(), None, "no result for P1", "")
    assert (missing.r, missing.bounds, missing.p, missing.e) == (None, (None, None), 1.0, 0.5)
    down = make_result(make_implication(direction="down"), make_row(r=-0.6).model_copy(update={"r_low": None}), "", "")
    assert down.bounds == (pytest.approx(0.4), None)
