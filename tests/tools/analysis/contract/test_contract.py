"""The contract test finds what is wrong with a tool, and a pack of another science in one file passes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.analysis.execution.conftest import Machine
from tools.analysis.contract.contract import check_tools
from tools.analysis.execution.run_calls import run_calls
from tools.analysis.packs.registry import load_packs
from tools.functions.places import SHIPPED

ASTRONOMY = Path(__file__).parent / "astronomy.py"
FAULTY = Path(__file__).parent / "faulty.py"


@pytest.mark.slow
@pytest.mark.parametrize("pack", SHIPPED)
def test_every_shipped_tool_is_sound(pack: str, machine: Machine) -> None:
    found = load_packs([pack])
    assert check_tools(found, machine.sandbox) == {name: [] for name in found}


def test_a_pack_of_another_science_is_found_checked_and_run(machine: Any, tmp_path: Path) -> None:
    import anndata
    import numpy as np
    import pandas as pd

    found = load_packs([], [ASTRONOMY])
    assert not found.faults
    assert found["colour_difference"].relation == "feature ~ group"
    assert check_tools(found, machine.sandbox) == {"colour_difference": [], "to_magnitudes": []}
    draw = np.random.default_rng(0)
    kind = np.array(["spiral", "elliptical"] * 20)
    flux = draw.lognormal(3, 0.2, (40, 2)) * np.where((kind == "spiral")[:, None], [3.0, 1.0], 1.0)
    galaxies = anndata.AnnData(flux, pd.DataFrame({"kind": kind}, index=[f"galaxy{index}" for index in range(40)]))
    galaxies.var_names = ["u", "r"]
    galaxies.uns["states"] = ["raw"]
    galaxies.write_h5ad(tmp_path / "galaxies.h5ad")
    calls: Any = [
        {"tool": "to_magnitudes", "arguments": {}},
        {"tool": "colour_difference", "arguments": {"group": "kind", "case": "spiral", "control": "elliptical"}},
    ]
    made = run_calls(calls, tmp_path / "galaxies.h5ad", found, machine)
    assert made.ok, made.cause
    assert (made.tables[1][0].entity, made.states) == ("u", ["scaled"])
    assert (made.tables[1][0].effect or 0) < -0.5
    assert made.provenance[1].startswith("astronomy.colour_difference(")


def test_the_findings_say_what_to_mend(machine: Machine) -> None:
    findings = check_tools(load_packs([], [FAULTY]), machine.sandbox)
    expected = {
        "backwards": "wrong direction",
        "counts_missing_as_zero": "constant: gives p-values for the constant features",
        "accepts_one_group": "one group: gives p-values",
        "crashes_on_missing": "missing: fails with KeyError",
        "by_chance": "gives other numbers when it is called again",
        "by_order": "reversed samples: gives other numbers",
        "needs_more": "parameter threshold can't be guessed",
        "no_table": "fails on sound data: TypeError: a statistics tool returns a DataFrame, not list",
        "impossible": "P0: p is 1.5",
    }
    assert set(findings) == set(expected)
    for name, part in expected.items():
        assert any(part in line for line in findings[name]), (name, findings[name])
