"""Cells of donors: composition, markers, sample means and set scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

from tests.tools.proteomics.abundances import write_gmt
from tools.cells.aggregation import aggregate_samples
from tools.cells.composition import composition_difference
from tools.cells.markers import marker_features
from tools.cells.set_scores import cell_set_difference
from tools.proteomics.differential import differential_abundance

ARMS = {"group": "arm", "case": "treated", "control": "placebo"}


@pytest.fixture
def cells() -> Any:
    """10 donors x 60 cells; T cells are more frequent in treated donors; GENE0-4 mark T cells; GENE5-9 rise in treated
    donors; donors differ in every gene."""
    draw = np.random.default_rng(3)
    donor = np.repeat(np.arange(10), 60)
    treated = donor % 2 == 0
    is_t = draw.random(600) < np.where(treated, 0.7, 0.3)
    values = draw.normal(2, 0.5, (600, 30)) + draw.normal(0, 0.3, (10, 30))[donor]
    values[:, :5] += is_t[:, None]
    values[:, 5:10] += 0.8 * treated[:, None]
    obs = pd.DataFrame({
        "donor": [f"donor{number}" for number in donor], "kind": np.where(is_t, "T", "B"),
        "arm": np.where(treated, "treated", "placebo"), "age": donor * 3.0 + 40,
    }, index=[f"c{number}" for number in range(600)])  # fmt: skip
    data = anndata.AnnData(values, obs)
    data.var_names = [f"GENE{number}" for number in range(30)]
    data.uns["states"] = ["normalised"]
    return data


def test_composition_is_compared_between_donors_not_cells(cells: Any) -> None:
    table = composition_difference(cells, "kind", "donor", **ARMS).set_index("entity")
    assert table.loc["T", "effect"] > 0.5
    assert table.loc["T", "n"] == 10
    assert table.loc["T", "p"] < 0.01
    cells.obs["arm"] = np.where(cells.obs_names.str.endswith("1"), "treated", "placebo")
    with pytest.raises(ValueError, match="column arm varies within a donor"):
        composition_difference(cells, "kind", "donor", **ARMS)


def test_markers_of_a_cell_type(cells: Any) -> None:
    table = marker_features(cells, "kind", "T", method="t-test")
    assert set(table.nsmallest(5, "p")["entity"]) == {f"GENE{number}" for number in range(5)}
    assert set(table["unit_of_analysis"]) == {"cell"}


def test_sample_means_have_the_donors_degrees_of_freedom(cells: Any) -> None:
    means = aggregate_samples(cells, "donor")
    assert means.shape == (10, 30)
    assert means.obs.loc["donor3", "arm"] == "placebo"
    assert "kind" not in means.obs
    table = differential_abundance(means, **ARMS).set_index("entity")
    assert table["df"].max() == 8
    assert (table["p"] < 0.01).sum() <= 12
    assert table.loc["GENE5", "p"] < 0.05
    only = aggregate_samples(cells, "donor", "kind", "T")
    assert only.X[0, 0] == pytest.approx(
        cells[(cells.obs["donor"] == "donor0") & (cells.obs["kind"] == "T")].X[:, 0].mean()
    )


def test_set_scores_by_donor_and_by_cell(cells: Any, tmp_path: Path) -> None:
    sets = write_gmt(
        tmp_path / "s.gmt", risen=[f"GENE{n}" for n in range(5, 10)], rest=[f"GENE{n}" for n in range(15, 25)]
    )
    by_donor = cell_set_difference(cells, **ARMS, sets=sets, sample="donor").set_index("entity")
    by_cell = cell_set_difference(cells, **ARMS, sets=sets).set_index("entity")
    assert by_donor.loc["risen", "p"] < 0.01 < by_donor.loc["rest", "p"]
    assert (by_donor.loc["risen", "n"], by_cell.loc["risen", "n"]) == (10, 600)
    assert by_cell.loc["risen", "unit_of_analysis"] == "cell"
