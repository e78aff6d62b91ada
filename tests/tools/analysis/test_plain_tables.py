"""Slopes that differ by group, and mediated effects, in a plain table with planted ones and in one without: from the
objective to evidence on samples kept apart. The sandbox is real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pelagos.nouns import Hypothesis, Plan, Split, Version
from sandbox.protocol import Sandbox
from tests.tools.analysis.small_study import ScriptedModel
from tests.tools.world import World
from tools.analysis.findings import Finding
from tools.analysis.planning.exploration import explore
from tools.analysis.planning.records import Explored, Proposed
from tools.analysis.task.analysis_task import AnalysisTask
from tools.analysis.toolchain import AnalysisToolchain
from tools.analysis.trials.audit import null_control
from tools.evidence import Evidence

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SAMPLES = 260


def draw_table(planted: bool) -> pd.DataFrame:
    """`score` rises with `dose` among the treated alone, and with `marker`, which rises with `dose`."""
    draw = np.random.default_rng(5)
    treated = np.arange(SAMPLES) % 2
    dose, marker, score, other = draw.normal(size=(4, SAMPLES))
    if planted:
        marker += 0.8 * dose
        score += 0.9 * treated * dose + 0.8 * marker
    arm = np.where(treated == 1, "drug", "placebo")
    age = draw.normal(60, 9, SAMPLES).round(1)
    return pd.DataFrame({"arm": arm, "age": age, "dose": dose, "marker": marker, "score": score, "other": other})


def write_task(folder: Path, table: pd.DataFrame) -> Path:
    folder.mkdir()
    table.to_csv(folder / "data.csv", index=False)
    design = {
        "group": "arm", "case": "drug", "control": "placebo", "covariates": ["age"], "numeric": ["score"],
        "order": ["dose", "marker", "score"],
    }  # fmt: skip
    task = {
        "name": "plain", "toolchain": "analysis", "topic": "t", "description": "d", "kind": "table",
        "data": {"path": "data.csv", "format": "table"}, "design": design,
    }  # fmt: skip
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return folder


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two permutations of the labels in place of five: an audit then takes 10 s instead of 25."""
    monkeypatch.setattr(null_control, "SEEDS", null_control.SEEDS[:2])


class Trial:
    """One objective of a task, from its exploration to what other samples show."""

    def __init__(self, folder: Path, jail: Sandbox, planted: bool) -> None:
        (folder / "project" / ".pelagos").mkdir(parents=True)
        (folder / "project" / ".pelagos" / "secret").write_text("11" * 32)
        self.world, self.chain = World(folder / "project", jail, ScriptedModel()), AnalysisToolchain()
        self.task: AnalysisTask = self.chain.load(write_task(folder / "task", draw_table(planted)))

    def explore(self, id: str) -> Explored:
        objectives = self.chain._prepare(self.task, self.world).objectives
        objective = next(each for each in objectives if each.id == id)
        return explore(objective, self.chain._study(self.task, self.world), "")

    def build(self, finding: Finding) -> Version:
        hypothesis = Hypothesis(
            id="h1", title=finding.title, statement=finding.statement, rationale="", refuted_by="r", target="t"
        )
        self.world.ledger.record(Proposed(hypothesis=hypothesis, finding=finding), "h1")
        steps = self.chain.plans(self.task, hypothesis, 1, self.world)[0]
        plan = Plan(id="h1-p1", hypothesis="h1", steps=steps)
        build = self.chain.build(self.task, hypothesis, plan, self.world)
        version = self.world.ledger.fact(Version, build.version or "")
        assert version is not None, build.tries
        return version

    def test(self, version: Version, split: Split) -> Evidence:
        made = self.chain.experiment(self.task, version, 0, split, self.world)
        return self.chain.evidence(self.task, [made], [], 0.95, self.world)


@contextmanager
def open_trial(folder: Path, jail: Sandbox, planted: bool) -> Iterator[Trial]:
    trial = Trial(folder, jail, planted)
    yield trial
    trial.world.ledger.close()


def hold(trial: Trial, finding: Finding) -> None:
    """It holds on samples kept apart, and the audit has nothing against it."""
    version = trial.build(finding)
    evidence = trial.test(version, "validation")
    assert evidence.effect is not None and (evidence.effect.p_value or 1) < 0.05, evidence
    audit = trial.chain.audit(trial.task, version, trial.world)
    assert audit.findings == [] and "null control" in audit.checks


def test_a_planted_slope_is_found_and_holds(tmp_path: Path, jail: Sandbox) -> None:
    with open_trial(tmp_path, jail, planted=True) as trial:
        first = trial.explore("slope of score ~ arm").findings[0]
        assert first.title == "The slope of score on dose is higher in drug than in placebo"
        assert "slopes may differ on one scale of the outcome and not on another" in first.caveats
        assert {"primary", "unadjusted", "other tool"} <= {each.role for each in first.implications}
        hold(trial, first)


def test_a_planted_mediation_is_found_and_holds(tmp_path: Path, jail: Sandbox) -> None:
    with open_trial(tmp_path, jail, planted=True) as trial:
        (finding,) = trial.explore("dose -> score ~ marker").findings
        assert finding.title == "A positive part of the association of dose with score goes through marker"
        assert "with age in the model" in finding.statement
        assert any("nothing unmeasured" in caveat for caveat in finding.caveats)
        assert [each.role for each in finding.implications] == ["primary", "path", "path", "unadjusted"]
        assert finding.implications[2].call["arguments"]["covariates"] == ["age", "dose"]
        hold(trial, finding)


@pytest.mark.parametrize("id", ["slope of score ~ arm", "dose -> score ~ marker"])
def test_where_nothing_is_planted_nothing_is_significant_and_nothing_holds(
    tmp_path: Path, jail: Sandbox, id: str
) -> None:
    with open_trial(tmp_path, jail, planted=False) as trial:
        explored: Any = trial.explore(id)
        assert explored.significant == 0
        testable = [finding for finding in explored.findings if finding.implications]
        for finding in testable[:1]:
            evidence = trial.test(trial.build(finding), "validation")
            assert evidence.effect is not None and (evidence.effect.p_value or 0) > 0.05
