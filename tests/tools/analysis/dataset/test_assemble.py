"""What was read becomes a data set: zeros, empty features, names and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pelagos.errors import BadInput
from tests.tools.analysis.tables import AD_CSF, make_metadata, make_wide
from tools.analysis.dataset.assemble import assemble
from tools.analysis.dataset.symbols import Symbol
from tools.analysis.readers.reading import Reading
from tools.analysis.task.task_data import Given, read_given


def make_reading(values: pd.DataFrame) -> Reading:
    features = pd.DataFrame({"ids": list(values.columns)}, index=values.columns)
    return Reading(values, features, pd.DataFrame(index=values.index))


def test_zeros_of_intensities_are_missing_and_counted() -> None:
    values = make_wide()
    values.iloc[:3, 0] = 0
    data = assemble(make_reading(values), "proteomics", None, None, None)
    assert int(np.isnan(data.X).sum()) == 3 and "3 zeros (1% of the values) read as missing" in data.uns["notes"]
    assert not np.isnan(assemble(make_reading(values), "table", None, None, None).X).any()


def test_features_without_values_are_left_out_and_named() -> None:
    values = make_wide()
    values["MAPT"] = np.nan
    data = assemble(make_reading(values), "proteomics", None, None, None)
    assert data.n_vars == 9 and "1 features without any value left out: MAPT" in data.uns["notes"]
    with pytest.raises(BadInput, match="all values are missing"):
        assemble(make_reading(values * np.nan), "proteomics", None, None, None)


def test_names_are_symbols_and_ids_stay_unique() -> None:
    values = make_wide().iloc[:, :3].set_axis(["P14618;P14618-2", "P14618-3", "Q99999"], axis=1)
    symbols = {"P14618": Symbol("PKM", "Pyruvate kinase")}
    data = assemble(make_reading(values), "proteomics", None, None, symbols)
    assert list(data.var["name"]) == ["PKM", "PKM", "Q99999"] and list(data.var_names) == ["PKM", "PKM.2", "Q99999"]
    assert list(data.var["ids"]) == ["P14618", "P14618", "Q99999"]
    assert "2 of 3 features named by the symbols file" in data.uns["notes"]


def test_unknown_identifiers_are_a_fault() -> None:
    with pytest.raises(BadInput, match=r"unknown identifiers: none of 10 features .* ALB, APOE"):
        assemble(make_reading(make_wide()), "proteomics", None, None, {"P1": Symbol("X", "")})


def test_metadata_become_categories_and_numbers() -> None:
    metadata = make_metadata().set_index("sample")
    data = assemble(make_reading(make_wide()), "proteomics", metadata, None, None)
    assert data.obs["treatment"].dtype == "category" and data.obs["age"].dtype == np.float64


def test_the_sub_sample_of_a_real_study(tmp_path: Path) -> None:
    given = Given(AD_CSF / "proteome.csv", AD_CSF / "meta.csv", symbols=AD_CSF / "human.fasta")
    data, format = read_given(given, None)
    assert (format, data.uns["kind"], list(data.uns["states"])) == ("wide", "proteomics", ["raw"])
    assert data.shape == (30, 40) and {"MAPT", "PKM", "PKM.2", "ALDOA"} <= set(data.var_names)
    data.write_h5ad(tmp_path / "a.h5ad")
    again, _ = read_given(Given(tmp_path / "a.h5ad"), "proteomics")
    np.testing.assert_array_equal(again.X, data.X)
    assert list(again.var_names) == list(data.var_names) and list(again.var["ids"]) == list(data.var["ids"])
