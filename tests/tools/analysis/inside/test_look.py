"""What is told of the data after the calls, here in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "tools" / "analysis" / "inside"))

from look import look

ARMS = {"group": "arm", "levels": ["drug", "none"]}


def make_data(shift: float, features: int = 200) -> Any:
    draw = np.random.default_rng(3)
    site = np.array(["a", "b", "c"])[np.arange(60) % 3]
    values = draw.normal(size=(60, features)) + shift * (site == "a")[:, None]
    obs = pd.DataFrame({"site": site, "arm": ["drug"] * 25 + ["none"] * 35}, index=[f"s{n}" for n in range(60)])
    return anndata.AnnData(values, obs=obs)


def test_batches_that_explain_nothing_have_a_share_of_zero() -> None:
    assert look(make_data(0), "site", **ARMS)["batch share"] == pytest.approx(0, abs=0.01)


def test_the_share_of_a_planted_batch_is_that_of_its_variance() -> None:
    between = 2.0**2 * (1 / 3) * (2 / 3)
    assert look(make_data(2), "site", **ARMS)["batch share"] == pytest.approx(between / (between + 1), abs=0.03)


def test_missing_values_and_samples_without_a_batch_count_for_nothing() -> None:
    whole, gappy = make_data(2), make_data(2)
    gappy.X[np.random.default_rng(1).random(gappy.shape) < 0.3] = np.nan
    gappy.X[:, 0], gappy.X[:, 1] = np.nan, 1.0
    gappy.obs.loc["s0", "site"] = None
    gappy.X[0] = 1e6
    shares = [look(each, "site", **ARMS)["batch share"] for each in (whole, gappy)]
    assert shares[0] == pytest.approx(shares[1], abs=0.03)


def test_the_values_of_the_group_change_nothing() -> None:
    data = make_data(1)
    turned = data.copy()
    turned.obs["arm"] = data.obs["arm"].iloc[::-1].to_numpy()
    assert look(data, "site", **ARMS) == look(turned, "site", **ARMS)
    assert look(data, "site", **ARMS)["smallest group"] == 25


def test_what_cant_be_told_is_left_out() -> None:
    data = make_data(0)
    assert look(data, "", "", []) == {}
    data.obs["site"] = "a"
    assert look(data, "site", **ARMS) == {"smallest group": 25}
    assert look(data[:0].copy(), "site", **ARMS) == {"smallest group": 0}
