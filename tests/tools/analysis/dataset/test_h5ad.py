"""Data sets keep their states, missing values and metadata on disk; what is no data set is refused."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from pelagos.errors import BadInput
from tools.analysis.dataset.h5ad import read_dataset, read_states, set_states, write_dataset


def make_dataset() -> anndata.AnnData:
    values = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, np.nan]])
    obs = pd.DataFrame({"group": pd.Categorical(["a", "b"]), "age": [50.0, np.nan]}, index=["s1", "s2"])
    var = pd.DataFrame({"name": ["X", "X", "Y"], "ids": ["P1;P2", "P3", "P4"]}, index=["X", "X.2", "Y"])
    data = anndata.AnnData(values, obs=obs, var=var)
    data.uns["kind"] = "proteomics"
    set_states(data, ["raw"])
    return data


def test_a_data_set_comes_back_as_it_was(tmp_path: Path) -> None:
    data = make_dataset()
    write_dataset(data, tmp_path / "a.h5ad")
    again = read_dataset(tmp_path / "a.h5ad")
    assert read_states(again) == ["raw"] and again.uns["kind"] == "proteomics"
    np.testing.assert_array_equal(again.X, data.X)
    assert list(again.var["name"]) == ["X", "X", "Y"] and list(again.obs_names) == ["s1", "s2"]
    assert np.isnan(again.obs["age"].iloc[1])


def test_unknown_states_are_refused() -> None:
    data = make_dataset()
    with pytest.raises(ValueError, match="polished"):
        set_states(data, ["polished"])
    data.uns["states"] = ["polished"]
    with pytest.raises(BadInput, match=r"polished: no such state; known: raw, log2"):
        read_states(data)


def test_what_is_no_h5ad_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.h5ad").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match=r"a\.h5ad: not an \.h5ad file") as failure:
        read_dataset(tmp_path / "a.h5ad")
    assert "\n" not in str(failure.value)
    with pytest.raises(BadInput, match="no such file"):
        read_dataset(tmp_path / "b.h5ad")
