"""The runs of a version's controls: with which seeds, how often, and the baseline's only where there is something to
compare."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory.files.project_folder import project_folder
from pelagos.nouns import Direction, Experiment, Metric, OutcomeKind, Split, Version
from tools.code.audit.controls import control_runs as module
from tools.code.audit.controls.control_data import CONTROL, SHIFTED
from tools.code.audit.controls.control_runs import ControlRuns
from tools.code.audit.controls.control_seeds import draw_seeds
from tools.code.audit.controls.label_control import LabelPreference
from tools.code.audit.controls.moved_inputs import ScoreLoss

MINE, BASE = (Version(id=id, hypothesis=None, plan=None, content=id) for id in ("mine", "base"))
SEEDS = [1, 2, 3, 4]
UP = Metric(name="accuracy", direction=Direction.UP, min_effect=0.01)
OK, ERROR = OutcomeKind.OK, OutcomeKind.ERROR


def done(version: str, seed: int, split: Split, outcome: OutcomeKind = OK, score: float | None = None) -> Experiment:
    return Experiment(
        id=f"{version}-{seed}-{split}", version=version, hypothesis=None, seed=seed, split=split, outcome=outcome,
        cause="why", score=score,
    )  # fmt: skip


@pytest.fixture
def context(tmp_path: Path) -> Any:
    (project_folder(tmp_path) / "secret").write_text("5" * 64)
    return SimpleNamespace(project=tmp_path)


def made(context: Any, outcomes: dict[str, list[OutcomeKind]], scores: tuple[float, float] = (0.9, 0.8)) -> ControlRuns:
    """The outcomes are those of a version's runs in turn, the last one of all that follow."""
    left = {version: list(several) for version, several in outcomes.items()}

    def run(version: Version, seed: int, split: Split) -> Experiment:
        several = left[version.id]
        return done(version.id, seed, split, several.pop(0) if len(several) > 1 else several[0])

    task: Any = SimpleNamespace(limits=SimpleNamespace(seconds=10.0), metric=UP)
    data: Any = {"validation": SimpleNamespace(labels=None), "sealed": SimpleNamespace(labels=None)}
    real, usual = (
        [done(version, seed, "validation", score=score + seed / 1000) for seed in SEEDS]
        for version, score in zip(("mine", "base"), scores, strict=True)
    )
    return ControlRuns(task, MINE, BASE, data, context, run, SEEDS, real, usual)


def ids(context: Any, version: Version, split: Split, count: int) -> list[str]:
    return [f"{version.id}-{seed}-{split}" for seed in draw_seeds(SEEDS, version, split, context)[:count]]


def test_what_dies_twice_is_compared_with_the_baseline(context: Any) -> None:
    controls = made(context, {"mine": [ERROR], "base": [OK]})
    (said,) = controls.check_relabelled(CONTROL)
    assert "it runs on the true data and not on a control, where the baseline does (error: why)" in said
    assert controls.checks == ["control without a score"]
    assert [one.id for one in controls.evidence] == [*ids(context, MINE, CONTROL, 2), *ids(context, BASE, CONTROL, 1)]


def test_where_the_baseline_dies_as_well_nothing_is_found(context: Any) -> None:
    controls = made(context, {"mine": [ERROR], "base": [ERROR]})
    assert controls.check_relabelled(CONTROL) == []
    assert [one.id for one in controls.evidence] == [*ids(context, MINE, CONTROL, 2), *ids(context, BASE, CONTROL, 2)]


@pytest.fixture
def nothing_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.control_data, "prepare_control", lambda *given: None)
    monkeypatch.setattr(module, "_has_distinct_values", lambda split: False)


@pytest.mark.usefixtures("nothing_made")
@pytest.mark.parametrize(("outcomes", "runs"), [([OK], 1), ([ERROR, OK], 2)])
def test_who_has_a_score_costs_one_run_and_who_stumbled_two(
    context: Any, monkeypatch: pytest.MonkeyPatch, outcomes: list[OutcomeKind], runs: int
) -> None:
    controls = made(context, {"mine": outcomes, "base": [OK]})
    monkeypatch.setattr(module, "measure_preference", lambda *given: LabelPreference(0.9, 0.1, 0.8, 0.01, 0.0))
    assert controls.check_relabelled(CONTROL) == []
    assert controls.checks == ["control"]
    assert [one.id for one in controls.evidence] == ids(context, MINE, CONTROL, runs)


@pytest.mark.usefixtures("nothing_made")
def test_who_prefers_the_true_labels_is_compared_with_the_baseline_once(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls = made(context, {"mine": [OK], "base": [OK]})
    preferences = {
        "mine": LabelPreference(0.1, 0.9, -0.8, 0.01, 0.0),
        "base": LabelPreference(0.9, 0.1, 0.8, 0.01, 0.0),
    }
    monkeypatch.setattr(module, "measure_preference", lambda task, run, truth, context: preferences[run.version])
    (said,) = controls.check_relabelled(CONTROL)
    assert "it still predicts the true ones" in said
    assert len(controls.evidence) == 2


@pytest.mark.usefixtures("nothing_made")
def test_data_that_have_no_such_control_cost_nothing(context: Any) -> None:
    controls = made(context, {"mine": [OK], "base": [OK]})
    assert controls.check_regions() == controls.check_moved_inputs() == []
    assert (controls.checks, controls.evidence) == ([], [])


@pytest.mark.parametrize(
    ("scores", "losses", "found"),
    [
        ((0.9, 0.8), {"mine": ScoreLoss(0.2, 0.001), "base": ScoreLoss(0.0, 0.001)}, True),
        ((0.9, 0.8), {"mine": ScoreLoss(0.2, 0.001), "base": ScoreLoss(0.19, 0.001)}, False),
        ((0.9, 0.8), {"mine": ScoreLoss(0.01, 0.001), "base": None}, False),
        ((0.8, 0.9), {"mine": ScoreLoss(0.2, 0.001), "base": ScoreLoss(0.0, 0.001)}, False),  # there is no gain to lose
    ],
)
def test_who_loses_its_gain_on_moved_inputs(
    context: Any,
    monkeypatch: pytest.MonkeyPatch,
    scores: tuple[float, float],
    losses: dict[str, ScoreLoss],
    found: bool,
) -> None:
    controls = made(context, {"mine": [OK], "base": [OK]}, scores)
    pairs: list[tuple[str, str]] = []

    def loss(usual: Experiment, moved: Experiment, metric: Metric, context: Any) -> ScoreLoss | None:
        pairs.append((usual.id, moved.id))
        return losses[moved.version]

    monkeypatch.setattr(module.control_data, "prepare_control", lambda *given: "made")
    monkeypatch.setattr(module, "measure_loss", loss)
    said = controls.check_moved_inputs()
    assert bool(said) is found
    assert not found or "of its gain where inputs are moved" in said[0]
    assert controls.checks == [SHIFTED]
    assert all(usual == moved.replace(SHIFTED, "validation") for usual, moved in pairs)  # one seed


def test_who_dies_on_moved_inputs_is_told(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.control_data, "prepare_control", lambda *given: "made")
    controls = made(context, {"mine": [ERROR], "base": [OK]})
    assert "it runs on the true data" in controls.check_moved_inputs()[0]
    assert controls.checks == [f"{SHIFTED} without a score"]
