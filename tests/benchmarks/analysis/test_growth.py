"""The drawn data, and that the workflows name tools and arguments that exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.analysis.growth import WORKFLOWS, draw_cells, draw_proteins, measure, write_sets
from tools.analysis.execution.checks import ObsColumn, check_calls
from tools.analysis.packs.registry import load_packs

OBS = {
    "group": ObsColumn("group", ("case", "control")),
    "site": ObsColumn("group", ("site 0", "site 1")),
    "sample": ObsColumn("group", ("sample 0", "sample 1")),
    "cell_type": ObsColumn("group", ("type 0", "type 1")),
    "age": ObsColumn("numeric"),
}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_workflows_pass_the_check_of_calls(workflow: object) -> None:
    specs = load_packs(["proteomics", "cells"])
    states = workflow.draw(20, 12).uns["states"]  # type: ignore[attr-defined]
    assert check_calls(workflow.calls, specs, OBS, states) == []  # type: ignore[attr-defined]


def test_drawn_proteins_hold_what_is_said() -> None:
    data = draw_proteins(100, 50)
    assert data.shape == (100, 50)
    assert np.isnan(data.X).mean() == pytest.approx(0.2, abs=0.03)
    case = (data.obs["group"] == "case").to_numpy()
    logs = np.log2(data.X)
    shifts = np.nanmean(logs[case], axis=0) - np.nanmean(logs[~case], axis=0)
    assert shifts[::10].min() > 0.5 > np.abs(np.delete(shifts, range(0, 50, 10))).mean()


def test_drawn_cells_and_sets(tmp_path: Path) -> None:
    data = draw_cells(500, 40)
    assert data.shape == (500, 40) and not np.isnan(data.X).any()
    assert data.obs.groupby("sample")["group"].nunique().max() == 1
    lines = write_sets(tmp_path / "sets.gmt", 100).read_text().splitlines()
    assert len(lines) == 100 and all(len(set(line.split("\t")[2:])) == 30 for line in lines)


def test_a_workflow_is_measured() -> None:
    measured = measure(WORKFLOWS[0], 30, 20)
    assert measured["outcome"] == "ok" and measured["cause"] == ""
    assert measured["seconds"] > 0 and measured["input_mb"] > 0
