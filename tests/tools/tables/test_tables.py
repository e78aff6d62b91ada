"""The tools for plain tables against planted relations, and against other libraries' numbers."""

from __future__ import annotations

from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tools.tables.association import association, curvature, interaction
from tools.tables.comparison import group_difference, trend
from tools.tables.correlation import correlation
from tools.tables.mediation import mediation
from tools.tables.odds import odds_association


@pytest.fixture
def table() -> Any:
    """x drives m, m drives y; z acts on w in men alone; v bends with x; passed depends on x."""
    draw = np.random.default_rng(5)
    n = 300
    x, z, noise = draw.normal(size=n), draw.normal(size=n), draw.normal(size=n)
    sex = draw.permutation(["female", "male"] * (n // 2))
    stage = draw.permutation(["early", "middle", "late"] * (n // 3))
    m = 0.8 * x + draw.normal(size=n)
    columns = {
        "x": x, "m": m, "y": 0.7 * m + draw.normal(size=n), "z": z, "noise": noise,
        "w": np.where(sex == "male", 1.0, 0.0) * z + draw.normal(size=n), "v": x**2 + draw.normal(size=n),
        "size": np.array([["early", "middle", "late"].index(name) for name in stage]) + draw.normal(size=n),
        "passed": (x + draw.logistic(size=n) > 0).astype(float), "constant": np.ones(n),
    }  # fmt: skip
    obs = pd.DataFrame({"sex": pd.Categorical(sex), "stage": pd.Categorical(stage)}, index=[f"r{i}" for i in range(n)])
    data = anndata.AnnData(np.column_stack(list(columns.values())), obs)
    data.var_names = list(columns)
    return data


def test_association_agrees_with_scipy(table: Any) -> None:
    found = association(table, "y", ["m", "noise"]).set_index("entity")
    frame = table.to_df()
    reference = stats.linregress(frame["m"], frame["y"])
    assert found.loc["m", ["effect", "p"]].tolist() == pytest.approx([reference.slope, reference.pvalue])
    assert found.loc["noise", "p"] > 0.05


def test_a_mediator_takes_the_association_away_and_mediation_finds_it(table: Any) -> None:
    assert association(table, "y", ["x"])["p"][0] < 1e-10
    assert association(table, "y", ["x"], ["m"])["p"][0] > 0.05
    found = mediation(table, "y", "x", "m", draws=300).set_index("entity")
    assert found.loc["mediated effect", "p"] < 0.02
    assert found.loc["mediated effect", "effect"] == pytest.approx(0.56, abs=0.15)
    assert found.loc["direct effect", "p"] > 0.05
    assert mediation(table, "y", "x", "m", draws=300).equals(mediation(table, "y", "x", "m", draws=300))


def test_interaction_and_curvature_find_what_was_planted(table: Any) -> None:
    assert interaction(table, "w", "z", "sex", level="male")["effect"][0] == pytest.approx(1, abs=0.35)
    assert interaction(table, "w", "z", "sex", level="female")["effect"][0] < -0.6
    assert interaction(table, "y", "x", "z")["p"][0] > 0.01
    assert curvature(table, "v", "x")["effect"][0] == pytest.approx(1, abs=0.2)
    assert curvature(table, "y", "x")["p"][0] > 0.01


def test_groups_and_ordered_levels_are_compared(table: Any) -> None:
    found = trend(table, "stage", ["early", "middle", "late"], ["size"], ["sex"])
    assert found["effect"][0] == pytest.approx(1, abs=0.25)
    assert trend(table, "stage", ["late", "middle", "early"], ["size"])["effect"][0] < -0.7
    difference = group_difference(table, "stage", "late", "early").set_index("entity")
    assert difference.loc["size", "effect"] == pytest.approx(2, abs=0.4)
    assert difference.loc["constant", "untested"] == "constant"


def test_odds_and_correlation(table: Any) -> None:
    odds = odds_association(table, "passed", ["x", "sex"], predictor_level="").set_index("entity")
    assert odds.loc["x", "effect"] == pytest.approx(1, abs=0.4)
    assert odds.loc["sex", "p"] > 0.01
    pearson = correlation(table, "x", ["m"])
    frame = table.to_df()
    assert pearson["effect"][0] == pytest.approx(stats.pearsonr(frame["x"], frame["m"]).statistic)
    assert pearson["r"][0] == pearson["effect"][0]
    assert correlation(table, "x", method="kendall").set_index("entity").loc["constant", "untested"] == "constant"


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda t: association(t, "y", ["y"]), "y can't be a predictor and the outcome"),
        (lambda t: association(t, "nothing"), "no column 'nothing'"),
        (lambda t: association(t, "sex", ["x"]), "column sex is not numeric"),
        (lambda t: association(t, "constant", ["x"]), "column constant has one value only"),
        (lambda t: odds_association(t, "stage", ["x"]), "column stage has 3 levels, not two"),
        (lambda t: trend(t, "stage", ["early", "late"]), "three levels or more"),
        (lambda t: mediation(t, "y", "x", "x"), "must be different columns"),
        (lambda t: correlation(t, "x", ["x"]), "can't be correlated with itself"),
        (lambda t: mediation(t[:20].copy(), "y", "x", "m"), "20 complete samples; at least 23"),
        (lambda t: interaction(t, "w", "z", "stage"), "column stage has 3 levels"),
    ],
)
def test_what_cant_be_asked_is_refused_in_one_line(ask: Any, line: str, table: Any) -> None:
    with pytest.raises(ValueError, match=line) as raised:
        ask(table)
    assert "\n" not in str(raised.value)


def test_a_predictor_that_separates_the_outcome_has_no_p(table: Any) -> None:
    table.X[:, 4] = table.to_df()["passed"] * 10 + table.X[:, 4]
    assert odds_association(table, "passed", ["noise"])["untested"][0] == "the predictor separates the outcomes"


def test_an_exposure_of_two_levels_can_be_mediated(table: Any) -> None:
    table.obs["arm"] = np.where(table.to_df()["x"] > 0, "treated", "plain")
    up = mediation(table, "y", "arm", "m", level="treated", draws=200).set_index("entity")
    down = mediation(table, "y", "arm", "m", level="plain", draws=200).set_index("entity")
    assert up.loc["mediated effect", "effect"] > 0.2 > -0.2 > down.loc["mediated effect", "effect"]
