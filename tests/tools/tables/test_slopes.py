"""Slopes that differ between groups, on a table where one does."""

from __future__ import annotations

from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

from tools.tables.association import interaction
from tools.tables.slopes import draw_slope_difference, slope_difference

ARMS = {"group": "arm", "case": "drug", "control": "placebo"}


@pytest.fixture
def table() -> Any:
    draw = np.random.default_rng(4)
    arm = np.arange(200) % 2
    x, other = draw.normal(size=(2, 200))
    y = 1.0 + 0.5 * x + 0.9 * arm * x + 0.6 * other + draw.normal(size=200)
    values = np.column_stack([y, x, other, np.ones(200)])
    obs = pd.DataFrame({"arm": np.where(arm == 1, "drug", "placebo"), "age": draw.normal(50, 9, 200)})
    obs.index = [f"s{number}" for number in range(200)]
    obs.iloc[:20, 0] = "none"
    return anndata.AnnData(values, obs=obs, var=pd.DataFrame(index=["y", "x", "other", "constant"]))


def test_the_slope_that_differs_is_found_and_the_other_is_not(table: Any) -> None:
    found = slope_difference(table, "y", **ARMS, covariates=["age"]).set_index("entity")
    assert list(found.index) == ["x", "other", "constant"]
    assert found.loc["x", "effect"] == pytest.approx(0.9, abs=0.35) and found.loc["x", "p"] < 1e-3
    assert found.loc["x", "low"] < found.loc["x", "effect"] < found.loc["x", "high"]
    assert found.loc["other", "p"] > 0.01 and found.loc["x", "n"] == 180  # the third level is no group here
    assert found.loc["constant", "untested"] == "column constant has one value only"


def test_the_other_order_of_the_groups_turns_the_sign(table: Any) -> None:
    turned = slope_difference(table, "y", "arm", "placebo", "drug", ["x"])
    assert turned["effect"][0] == pytest.approx(-slope_difference(table, "y", **ARMS, predictors=["x"])["effect"][0])


def test_ranks_show_it_as_well(table: Any) -> None:
    assert slope_difference(table, "y", **ARMS, predictors=["x"], scale="rank")["p"][0] < 1e-3


def test_too_few_values_in_a_group_give_no_p(table: Any) -> None:
    table.X[np.flatnonzero(table.obs["arm"] == "drug")[7:], 1] = np.nan
    assert slope_difference(table, "y", **ARMS, predictors=["x"])["untested"][0] == "fewer than 8 values in a group"


def test_it_is_the_product_term_of_the_tool_that_relates_one_column(table: Any) -> None:
    of_arms = table[table.obs["arm"].isin(["drug", "placebo"])].copy()
    (alone,) = interaction(of_arms, "y", "x", "arm", ["age"], level="drug").to_dict("records")
    (one,) = slope_difference(table, "y", **ARMS, predictors=["x"], covariates=["age"]).to_dict("records")
    assert (one["effect"], one["p"], one["df"]) == pytest.approx((alone["effect"], alone["p"], alone["df"]))


@pytest.mark.parametrize("name", ["group", "slope of both groups", "x"])
def test_a_covariate_stays_in_the_model_whatever_its_name(table: Any, name: str) -> None:
    known = slope_difference(table, "y", **ARMS, predictors=["other"], covariates=["age"])
    table.obs = table.obs.rename(columns={"age": name})
    table = table[:, ["y", "other"]].copy()
    renamed = slope_difference(table, "y", **ARMS, predictors=["other"], covariates=[name])
    assert (renamed["effect"][0], renamed["df"][0]) == pytest.approx((known["effect"][0], known["df"][0]))


def test_what_cant_be_asked_is_refused(table: Any) -> None:
    with pytest.raises(ValueError, match="age can't be a predictor and the outcome, the group or a covariate"):
        slope_difference(table, "y", **ARMS, predictors=["age"], covariates=["age"])
    with pytest.raises(ValueError, match="no level 'cure'"):
        slope_difference(table, "y", "arm", "cure", "placebo")


def test_the_figure_says_what_the_effect_is(table: Any) -> None:
    made = slope_difference(table, "y", **ARMS).assign(q=0.01)
    assert draw_slope_difference(table, made).axes[0].get_xlabel() == "slope of y, drug minus placebo"
