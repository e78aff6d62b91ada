from __future__ import annotations

from pathlib import Path

from agents.sealed.confirmation_order import try_remaining_claims
from pelagos.nouns import Claim, Verdict
from tests.agents.nodes.laboratory import carry_out, open_run
from tests.agents.sealed.test_trial import EVERY, selected


def order_of(tmp_path: Path, **p_values: tuple[float, float]) -> list[str]:
    """Hypothesis -> its effect on sealed data and its validation p-value; who was tested, in that order."""
    run = open_run(tmp_path)
    selected(run, **{id: {"better": 0.1, "sealed": sealed} for id, (sealed, _) in p_values.items()})
    for id, (_, p) in p_values.items():
        verdict = run.verdicts()[id]
        assert verdict.effect is not None
        changes = {"id": f"{id} as told", "effect": verdict.effect.model_copy(update={"p_value": p})}
        run.record(verdict.model_copy(update=changes))
    assert {verdict.hypothesis for verdict in run.nouns(Verdict)} == set(p_values)
    try_remaining_claims(run)
    return [claim.hypothesis for claim in run.nouns(Claim)]


def test_the_best_go_on_as_long_as_they_hold(tmp_path: Path) -> None:
    """A null that fails ends it: each failure costs level for good."""
    p_values = {"third": (0.0, 0.07), "second": (0.1, 0.05), "first": (0.1, 0.02), "fourth": (0.1, 0.09)}
    assert order_of(tmp_path, **p_values) == ["first", "second", "third"]


def test_strong_ones_are_all_tested_whatever_became_of_others(tmp_path: Path) -> None:
    p_values = {"a": (0.0, 0.001), "b": (0.0, 0.009), "c": (0.0, 0.05), "d": (0.1, 0.06)}
    assert order_of(tmp_path, **p_values) == ["a", "b", "c"]


def test_nothing_promising_nothing_tested(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "worse", {"better": -0.1}, EVERY)
    try_remaining_claims(run)
    assert not run.nouns(Claim)
