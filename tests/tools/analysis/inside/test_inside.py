"""What runs inside the sandbox, here in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.tools.proteomics.abundances import make_proteome

sys.path.insert(0, str(Path(__file__).parents[4] / "tools" / "analysis" / "inside"))

import guards
import rows
from permutation import permute_labels

CALL = {"tool": "t", "requires": ["log2"], "refuses": ["imputed"], "refuses_missing": True}


def make_table(**columns: Any) -> pd.DataFrame:
    base = {"entity": ["P0", "P1"], "effect": [1.0, -1.0], "low": [0.5, -2.0], "high": [1.5, 0.0]}
    return pd.DataFrame({**base, "statistic": [4.0, -2.0], "df": [16.0, 16.0], "p": [0.001, 0.06], "n": 20, **columns})


def test_a_t_statistic_becomes_a_partial_correlation() -> None:
    first, second = rows.to_rows(rows.complete_table(make_table(), make_proteome()))
    assert first["r"] == pytest.approx(4 / np.sqrt(16 + 16))
    assert second["r"] == pytest.approx(-2 / np.sqrt(4 + 16))
    assert first["r_low"] < first["r"] < first["r_high"]
    assert (first["q"], first["extra"]) == (pytest.approx(0.002), {"name": "GENE0"})


def test_a_z_statistic_is_scaled_by_the_number_of_samples() -> None:
    [first, _] = rows.to_rows(rows.complete_table(make_table(df=np.nan), make_proteome()))
    assert first["df"] is None
    assert first["r"] == pytest.approx(4 / np.sqrt(20))


def test_rows_without_p_come_last_and_count_in_no_q() -> None:
    table = make_table(p=[np.nan, 0.04], statistic=[np.nan, -2.0], effect=[np.inf, -1.0])
    first, second = rows.to_rows(rows.complete_table(table, make_proteome()))
    assert (first["entity"], first["q"]) == ("P1", pytest.approx(0.04))
    assert (second["effect"], second["p"], second["q"], second["r"]) == (None, None, None, None)


def test_r_of_the_tool_stays() -> None:
    [first, _] = rows.to_rows(rows.complete_table(make_table(r=0.3, r_low=0.1, r_high=0.5), make_proteome()))
    assert (first["r"], first["r_low"]) == (0.3, 0.1)


@pytest.mark.parametrize("table", [[1, 2], make_table().drop(columns="low")])
def test_what_is_no_statistics_table_is_a_type_error(table: Any) -> None:
    with pytest.raises(TypeError):
        rows.complete_table(table, make_proteome())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda data: data.uns.update(states=["raw"]), "t needs data that are log2; they are raw"),
        (lambda data: data.uns.update(states=["log2", "imputed"]), "t refuses data that are imputed"),
        (lambda data: data.X.__setitem__((0, 0), np.nan), "t refuses missing values: 1 of 2400 are missing"),
        (lambda data: data.X.__setitem__((0, 0), 1e6), "said to be log2, but the largest value is 1e\\+06"),
        (lambda data: setattr(data, "var_names", ["P"] * 40), "feature ids are not unique"),
        (lambda data: setattr(data, "obs_names", ["s"] * 60), "sample ids are not unique"),
    ],
)
def test_data_in_the_wrong_state_are_refused_in_one_line(change: Any, line: str) -> None:
    data = make_proteome()
    guards.check_data(CALL, data)
    change(data)
    with pytest.raises(ValueError, match=line):
        guards.check_data(CALL, data)


def test_labels_are_permuted_within_sites_and_missing_ones_stay() -> None:
    data = make_proteome()
    before = data.obs.copy()
    before.loc["s3", "group"] = None
    after = before.copy()
    permute_labels(after, "group", "site", 1, ["age"])
    assert (after["group"] != before["group"]).sum() > 10
    assert after.loc["s3", "group"] is np.nan or pd.isna(after.loc["s3", "group"])
    for site in ("A", "B"):
        mine, theirs = (frame.loc[before["site"] == site, "group"].value_counts() for frame in (before, after))
        assert mine.to_dict() == theirs.to_dict()
    pairs = {(row.group, row.age) for row in before.dropna().itertuples()}
    assert {(row.group, row.age) for row in after.dropna().itertuples()} == pairs
    other, again = before.copy(), before.copy()
    permute_labels(other, "group", "site", 2, [])
    permute_labels(again, "group", "site", 1, ["age"])
    assert not other["group"].equals(after["group"])
    assert again.equals(after)


def test_subjects_with_one_label_are_permuted_as_wholes() -> None:
    obs = pd.DataFrame({"patient": [f"p{n // 5}" for n in range(60)], "site": ["A", "B"] * 30})
    obs["arm"] = ["drug" if n // 5 % 3 else "none" for n in range(60)]
    after = obs.copy()
    permute_labels(after, "arm", None, 1, [], "patient")
    assert (after.groupby("patient")["arm"].nunique() == 1).all() and not after["arm"].equals(obs["arm"])
    assert after["arm"].value_counts().to_dict() == obs["arm"].value_counts().to_dict()
    alone = obs.assign(patient=None)
    permute_labels(alone, "arm", None, 1, [], "patient")
    assert alone["arm"].value_counts().to_dict() == obs["arm"].value_counts().to_dict()


def test_labels_that_vary_within_a_subject_are_dealt_to_samples() -> None:
    obs = pd.DataFrame({"patient": [f"p{n // 5}" for n in range(60)], "kind": ["B", "T"] * 30})
    plain, by_patient = obs.copy(), obs.copy()
    permute_labels(plain, "kind", None, 3, [])
    permute_labels(by_patient, "kind", None, 3, [], "patient")
    assert plain.equals(by_patient) and not plain["kind"].equals(obs["kind"])
