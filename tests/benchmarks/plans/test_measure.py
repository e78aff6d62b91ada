from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.plans import measure as measuring
from benchmarks.plans.catalogue import CatalogPlan, make_plans
from benchmarks.plans.measure import label, measure
from benchmarks.plans.rows import Row, read_rows
from memory.artifacts import ArtifactStore
from pelagos.nouns import Direction, Experiment, Metric, OutcomeKind
from sandbox.choose import choose

ERROR = Metric(name="rmse", direction=Direction.DOWN, min_effect=0.1)


def ran(artifacts: ArtifactStore, version: str, *scores: float | None) -> list[Experiment]:
    """Experiments with seeds 1, 2, ...; None is a seed that failed. Item resamples spread by 1 around the score."""
    spread = np.random.default_rng(0).normal(size=200)
    return [
        Experiment(
            id=f"{version}{seed}",
            version=version,
            hypothesis=None,
            seed=seed,
            split="validation",
            outcome=OutcomeKind.ERROR if score is None else OutcomeKind.OK,
            cause="it broke" if score is None else "",
            score=score,
            replicates="" if score is None else artifacts.put_json(list(score + (1 + 0.1 * seed) * spread)),
            seconds=2.0,
        )
        for seed, score in enumerate(scores, 1)
    ]


def test_the_effect_is_paired_and_positive_where_an_error_falls(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    told = label(ran(artifacts, "b", 10.0, 12.0, 11.0), ran(artifacts, "v", 9.0, 11.5, 9.5), ERROR, artifacts)

    assert told["effect"] == pytest.approx((1.0 + 0.5 + 1.5) / 3)
    assert told["se"] >= np.std([1.0, 0.5, 1.5], ddof=1) / 3**0.5 - 1e-9
    assert (told["outcome"], told["scores"], told["seconds"]) == ("runs", [9.0, 11.5, 9.5], 6.0)


def test_an_edit_that_changes_nothing_has_no_effect_and_no_error(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    told = label(ran(artifacts, "b", 10.0, 12.0), ran(artifacts, "v", 10.0, 12.0), ERROR, artifacts)

    assert (told["effect"], told["se"]) == (0.0, 0.0)


def test_a_seed_that_fails_is_a_failure_with_its_cause(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    told = label(ran(artifacts, "b", 10.0, 12.0), ran(artifacts, "v", 9.0, None), ERROR, artifacts)

    assert (told["effect"], told["se"], told["outcome"], told["cause"]) == (None, None, "fails", "it broke")


def test_seeds_that_only_one_has_are_left_out(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    told = label(ran(artifacts, "b", 10.0, 12.0, 50.0), ran(artifacts, "v", 9.0, 11.0), ERROR, artifacts)

    assert told["effect"] == pytest.approx(1.0)


def test_a_plan_with_a_row_is_never_measured_again_not_even_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    class Counting:
        def __init__(self, *_: object) -> None: ...

        def measure(self, plan: CatalogPlan) -> Row:
            measured.append(plan.id)
            return {"id": plan.id, "family": plan.family, "outcome": "runs", "effect": 1.0, "se": 0.1}

    monkeypatch.setattr(measuring, "World", Counting)
    plans, out, sandbox = make_plans()[:6], tmp_path / "plans.jsonl", choose()
    assert measure(plans[:4], out, tmp_path, sandbox) == 4
    out.write_bytes(out.read_bytes()[:-5])

    assert measure(plans, out, tmp_path, sandbox) == 3
    assert measure(plans, out, tmp_path, sandbox) == 0
    assert measured == [plan.id for plan in (*plans[:4], *plans[3:])]
    head, *rows = read_rows(out)
    assert [row["id"] for row in rows] == [plan.id for plan in plans]
    assert (len(head["commit"]), head["seeds"]) == (40, 3)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_real_sandbox_labels_a_plan_that_fails_and_one_that_changes_nothing(tmp_path: Path) -> None:
    """Three starts for the baseline, one for the plan that fails, three for the other."""
    plans = [plan for plan in make_plans() if plan.task == "digits" and "+" not in plan.family]
    chosen = [
        next(plan for plan in plans if plan.family in ("graphics card", "pretrained weights", "squares without room")),
        next(plan for plan in plans if plan.family.startswith("nothing") and "draws" not in plan.family),
    ]
    out = tmp_path / "plans.jsonl"

    assert measure(chosen, out, tmp_path, choose()) == 2
    _, fails, same = read_rows(out)
    assert (fails["outcome"], fails["effect"]) == ("fails", None)
    assert fails["cause"]
    assert (same["outcome"], same["effect"], same["se"]) == ("runs", 0.0, 0.0)


def test_the_committed_labels_are_those_of_the_catalogue() -> None:
    rows = [row for row in read_rows(measuring.PLANS) if "id" in row]
    plans = {plan.id: plan for plan in make_plans()}
    told = json.loads(measuring.PROBLEMS.read_text("utf-8"))

    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        plan = plans[row["id"]]
        assert (tuple(row["steps"]), row["family"], row["target"]) == (plan.steps, plan.family, plan.target)
        assert (row["effect"] is None) == (row["outcome"] == "fails")
        assert told[row["task"]]["problems"][row["target"]].startswith("Task: ")
        assert told[row["task"]]["noise"] > 0
