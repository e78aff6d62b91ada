from __future__ import annotations

from typing import Any

import pytest

from tools.analysis.execution.analysis import Call
from tools.analysis.execution.checks import ObsColumn, check_calls, next_calls
from tools.analysis.packs.registry import load_packs

SPECS = load_packs(["proteomics"])
OBS = {
    "diagnosis": ObsColumn("group", ("AD", "control")), "site": ObsColumn("group", ("A", "B")),
    "age": ObsColumn("numeric"),
}  # fmt: skip
DIFFERENCE = {"group": "diagnosis", "case": "AD", "control": "control"}


def call(tool: str, **arguments: Any) -> Call:
    return {"tool": tool, "arguments": arguments}


def test_a_sound_workflow_has_no_fault() -> None:
    calls = [
        call("take_log2"), call("filter_by_presence", share=0.5), call("normalise_samples"),
        call("differential_abundance", **DIFFERENCE, covariates=["age", "site"]),
        call("impute_missing"), call("embed_samples"), call("cluster_samples"),
        call("cluster_association", group="diagnosis", batch="site"),
    ]  # fmt: skip
    assert check_calls(calls, SPECS, OBS, ["raw"]) == []


@pytest.mark.parametrize(
    ("made", "states", "fault"),
    [
        (call("differential_abundnace"), ["log2"], "no tool 'differential_abundnace'; did you mean"),
        (call("differential_abundance", **DIFFERENCE), ["raw"], "needs data that are log2; they are raw"),
        (call("differential_abundance", **DIFFERENCE), ["log2", "imputed"], "refuses data that are imputed"),
        (call("differential_abundance", group="diagnosis", case="AD"), ["log2"], "'control' is missing"),
        (call("differential_abundance", **{**DIFFERENCE, "group": "diagnoses"}), ["log2"], "no column 'diagnoses'"),
        (call("differential_abundance", **{**DIFFERENCE, "case": "MCI"}), ["log2"], "no level 'MCI'"),
        (call("differential_abundance", **{**DIFFERENCE, "group": "age"}), ["log2"], "column 'age' has no levels"),
        (call("differential_abundance", **DIFFERENCE, covariates="age"), ["log2"], "wanted array of string"),
        (call("differential_abundance", **DIFFERENCE, min_per_group=True), ["log2"], "wanted integer"),
        (call("differential_abundance", **DIFFERENCE, colour="red"), ["log2"], "no argument 'colour'"),
        (call("abundance_association", outcome="site"), ["log2"], "column 'site' is not numeric"),
        (call("normalise_samples", method="mean"), ["log2"], "wanted one of 'median', 'quantile'"),
        (call("coabundance", feature="P9"), ["log2"], "no feature 'P9'"),
    ],
)
def test_a_fault_is_said_before_anything_runs(made: Call, states: list[str], fault: str) -> None:
    faults = check_calls([made], SPECS, OBS, states, features=["P1"])
    assert any(fault in line for line in faults)
    assert all("\n" not in line for line in faults)


def test_a_tool_of_gene_sets_needs_them() -> None:
    calls = [call("set_score_difference", **DIFFERENCE)]
    assert check_calls(calls, SPECS, OBS, ["log2"]) == []
    assert "needs gene sets" in check_calls(calls, SPECS, OBS, ["log2"], sets=False)[0]


def test_the_next_calls_are_those_that_the_data_permit() -> None:
    raw, complete = next_calls(SPECS, ["raw"]), next_calls(SPECS, ["log2", "imputed"], missing=False)
    assert "take_log2" in raw
    assert "differential_abundance" not in raw
    assert {"embed_samples", "correct_batch"} <= set(complete)
    assert not {"differential_abundance", "impute_missing", "cluster_samples"} & set(complete)
    assert "embed_samples" not in next_calls(SPECS, ["log2"])
