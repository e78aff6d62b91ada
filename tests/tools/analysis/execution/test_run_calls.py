from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pelagos.errors import BadInput
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Limits
from tools.analysis.execution.analysis import Call, Permutation
from tools.analysis.execution.run_calls import run_calls
from tools.analysis.packs.registry import load_packs

SPECS = load_packs(["proteomics"])
GROUPS = {"group": "group", "case": "case", "control": "control"}
PNG = b"\x89PNG"


def call(tool: str, **arguments: Any) -> Call:
    return {"tool": tool, "arguments": arguments}


DIFFERENCE = call("differential_abundance", **GROUPS, covariates=["site", "age"])


def test_a_workflow_runs_in_one_execution(machine: Any, proteome: Path, gene_sets: Path) -> None:
    calls = [
        call("filter_by_presence", share=0.5), call("normalise_samples"), DIFFERENCE,
        call("set_score_difference", **GROUPS, covariates=["site"]),
    ]  # fmt: skip
    made = run_calls(calls, proteome, SPECS, machine, sets=gene_sets)
    assert made.ok, made.cause
    assert set(made.tables) == set(made.figures) == {2, 3}
    assert made.figures[2].startswith(PNG)
    assert {row.extra["name"] for row in made.tables[2][:5]} == {f"GENE{index}" for index in range(5)}
    best = made.tables[3][0]
    assert (best.entity, best.members) == ("planted", [f"P{index}" for index in range(5)])
    assert best.r is not None
    assert best.r_low is not None
    assert 0 < best.r_low < best.r < 1
    assert made.states == ["filtered", "log2", "normalised"]
    assert made.summary["samples"] == 60
    assert made.provenance[2].startswith(
        "proteomics.differential_abundance(covariates=['site', 'age'], min_per_group=3"
    )
    assert "statsmodels" in made.provenance[2]


@pytest.mark.slow
def test_the_same_calls_give_the_same_numbers_and_permuted_labels_none(machine: Any, proteome: Path) -> None:
    plain = run_calls([DIFFERENCE], proteome, SPECS, machine, figures=False)
    again = run_calls([DIFFERENCE], proteome, SPECS, machine, figures=False)
    null = run_calls([DIFFERENCE], proteome, SPECS, machine, permute=Permutation("group", within="site", seed=3))
    assert plain.tables == again.tables
    assert not plain.figures
    assert sum((row.q or 1) < 0.05 for row in plain.tables[0]) >= 4
    assert sum((row.q or 1) < 0.05 for row in null.tables[0]) == 0


@pytest.mark.parametrize(
    ("calls", "failed", "cause"),
    [
        pytest.param(
            [call("impute_missing"), DIFFERENCE],
            1,
            "differential_abundance refuses data that are imputed",
            marks=pytest.mark.slow,
        ),
        ([call("embed_samples")], 0, "embed_samples refuses missing values"),
        ([call("differential_abundance", group="group", case="sick", control="control")], 0, "no level 'sick'"),
    ],
)
def test_a_refusal_is_one_line_with_its_call(
    calls: list[Call], failed: int, cause: str, machine: Any, proteome: Path
) -> None:
    made = run_calls(calls, proteome, SPECS, machine)
    assert (made.outcome, made.failed_call) == (OutcomeKind.INVALID, failed)
    assert cause in made.cause
    assert "\n" not in made.cause


BAD_PACK = '''
def explode(data):
    """Fail.

    Relation: feature ~ group
    Produces: statistics
    """
    return 1 / 0


def hang(data):
    """Never end.

    Relation: feature ~ group
    Produces: statistics
    """
    while True:
        pass


def lie(data):
    """Return what is no table.

    Relation: feature ~ group
    Produces: statistics
    """
    import pandas as pd

    return pd.DataFrame({"entity": ["a"], "p": [0.0]})


def cheat(data):
    """Read what is not shown.

    Relation: feature ~ group
    Produces: statistics
    """
    open("/etc/passwd")
'''


@pytest.mark.parametrize(
    ("tool", "outcome", "cause"),
    [
        ("explode", OutcomeKind.ERROR, "ZeroDivisionError"),
        pytest.param("hang", OutcomeKind.TIMEOUT, "", marks=pytest.mark.slow),
        ("lie", OutcomeKind.ERROR, "lacks the column effect"),
        ("cheat", OutcomeKind.ERROR, "FileNotFoundError"),
    ],
)
def test_what_a_bad_tool_does_is_an_outcome(
    tool: str, outcome: OutcomeKind, cause: str, machine: Any, proteome: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(BAD_PACK)
    specs = load_packs([], [tmp_path / "bad.py"])
    limits = Limits(seconds=8 if tool == "hang" else 60, memory_mb=1024, pids=64)
    made = run_calls([call(tool)], proteome, specs, machine, limits=limits)
    assert (made.outcome, made.failed_call) == (outcome, 0)
    assert cause in made.cause


def test_an_unknown_tool_is_bad_input(machine: Any, proteome: Path) -> None:
    with pytest.raises(BadInput, match="tool 'guess' is not known"):
        run_calls([call("guess")], proteome, SPECS, machine)
