"""Copies of outcomes, calls on them, and a small table through the real tools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.discovery.mapping import Gold
from benchmarks.discovery.measure import list_calls, measure_table
from benchmarks.discovery.tables import list_gold_files, write_with_copies
from pelagos.errors import BadInput
from sandbox.choose import choose
from tools.analysis.packs.registry import load_packs

ROWS = 60


def write_table(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS)
    table = pd.DataFrame({"x": x, "y": x + rng.normal(size=ROWS), "kind": np.where(x > 0, "a", "b"), "constant": 1})
    table.loc[0, "y"] = np.nan
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "data.csv", index=False)
    return folder / "data.csv"


def make_gold(tool: str, arguments: dict[str, object], entity: str, outcome: str, query: int = 0) -> Gold:
    each = {"tool": tool, "arguments": arguments, "entity": entity, "direction": "up"}
    return Gold.model_validate(
        {"data": "d", "metadata": "m", "query": query, "outcome": outcome, "implications": [each]}
    )


def test_copies_are_permuted_and_missing_values_stay(tmp_path: Path) -> None:
    import anndata

    write_with_copies(write_table(tmp_path), {"y", "kind"}, 2, tmp_path / "data.h5ad")
    data = anndata.read_h5ad(tmp_path / "data.h5ad")
    values = data.to_df()
    for copy in ("y permuted 0", "y permuted 1"):
        assert np.isnan(values[copy].iloc[0])
        assert sorted(values[copy].dropna()) == sorted(values["y"].dropna())
        assert not np.array_equal(values[copy].to_numpy()[1:], values["y"].to_numpy()[1:])
    assert (values["y permuted 0"] != values["y permuted 1"]).sum() > ROWS / 2
    assert (data.obs["kind permuted 0"].value_counts() == data.obs["kind"].value_counts()).all()


def test_a_call_on_a_copy_names_it_wherever_the_outcome_stood() -> None:
    gold = make_gold("group_difference", {"group": "kind", "outcomes": ["y"], "covariates": ["x"]}, "y", "y")
    real, copy = list_calls(gold, 1)
    assert real.call["arguments"]["outcomes"] == ["y"] and real.implication.entity == "y"
    assert copy.call["arguments"] == {"group": "kind", "outcomes": ["y permuted 0"], "covariates": ["x"]}
    assert copy.implication.entity == "y permuted 0"


def test_a_folder_without_metadata_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="three folders below"):
        list_gold_files(tmp_path)


def test_metadata_in_another_encoding_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "real" / "train" / "d"
    folder.mkdir(parents=True)
    (folder / "metadata_0.json").write_bytes(b'{"note": "the venue\x92s", "queries": [1]}')
    (folder / "metadata_1.json").write_text('{"queries": []}')
    assert list_gold_files(tmp_path) == [("real/train/d", "metadata_0.json")]


def test_a_refused_call_supports_nothing_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_table(tmp_path / "d")
    golds = [
        make_gold("association", {"outcome": "constant", "predictors": ["x"]}, "x", "constant", 0),
        make_gold("association", {"outcome": "y", "predictors": ["x"]}, "x", "y", 1),
    ]
    with pytest.raises(KeyError):  # a constant column is left out when the table is read, so it can't be copied
        measure_table(golds, tmp_path, 1, load_packs(["tables"]), choose())
    lacking = make_gold("group_difference", {"group": "kind", "case": "c", "control": "b", "outcomes": ["y"]}, "y", "y")
    measured = measure_table([lacking, golds[1]], tmp_path, 1, load_packs(["tables"]), choose())
    assert measured[lacking.id]["p"] == {"-1": [1.0], "0": [1.0]}
    assert "no level 'c'" in measured[lacking.id]["untested"][0]
    assert measured[golds[1].id]["p"]["-1"][0] < 1e-6 < 0.001 < measured[golds[1].id]["p"]["0"][0]
