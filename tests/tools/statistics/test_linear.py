from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.tools.proteomics.abundances import make_proteome
from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.linear import fit_features


def test_without_covariates_it_is_the_t_test() -> None:
    data = make_proteome(missing=0.2)
    design = build_design(data.obs, choose_two_groups(data.obs, "group", "case", "control"), [])
    table = fit_features(data.X, data.var_names, design)
    cases = (data.obs["group"] == "case").to_numpy()
    for row, values in zip(table.itertuples(), data.X.T, strict=True):
        a, b = (values[chosen & np.isfinite(values)] for chosen in (cases, ~cases))
        test = stats.ttest_ind(a, b)
        assert (row.statistic, row.p, row.df, row.n) == pytest.approx(
            (test.statistic, test.pvalue, test.df, len(a) + len(b))
        )
        assert row.effect == pytest.approx(a.mean() - b.mean())


def test_a_covariate_that_makes_the_effect_takes_it_away() -> None:
    data = make_proteome(samples=200, shift=0)
    cases = (data.obs["group"] == "case").to_numpy()
    data.obs["age"] += 10 * cases
    data.X[:, 0] += 0.3 * data.obs["age"].to_numpy()
    target = choose_two_groups(data.obs, "group", "case", "control")
    tables = [fit_features(data.X[:, :1], ["P0"], build_design(data.obs, target, names)) for names in ([], ["age"])]
    assert tables[0]["p"][0] < 1e-10
    assert tables[1]["p"][0] > 0.01


def test_rare_and_constant_features_stay_untested_with_the_reason() -> None:
    data = make_proteome()
    data.X[2:, 0] = np.nan
    data.X[:, 1] = 20.0
    design = build_design(data.obs, choose_two_groups(data.obs, "group", "case", "control"), [])
    table = fit_features(data.X, data.var_names, design)
    assert list(table["untested"][:3]) == ["fewer than 3 values in a group", "constant", ""]
    assert table["p"][:2].isna().all()


def test_p_values_of_noise_are_uniform() -> None:
    data = make_proteome(samples=40, proteins=600, shift=0, missing=0.1)
    design = build_design(data.obs, choose_two_groups(data.obs, "group", "case", "control"), ["site", "age"])
    table = fit_features(data.X, data.var_names, design)
    assert stats.kstest(table["p"], "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"case": "sick"}, "no level 'sick'; it has 'case', 'control'"),
        ({"group": "diagnosis"}, "no column 'diagnosis' among group, site, age"),
        ({"case": "control"}, "case and control are both"),
    ],
)
def test_unknown_groups_are_refused(change: dict[str, str], line: str) -> None:
    obs = make_proteome().obs
    with pytest.raises(ValueError, match=line):
        choose_two_groups(obs, **{"group": "group", "case": "case", "control": "control"} | change)


def test_a_group_with_one_sample_is_refused() -> None:
    data = make_proteome()
    obs = data.obs[(data.obs["group"] == "control") | (data.obs.index == "s0")]
    with pytest.raises(ValueError, match="level 'case' of column group has 1 samples; at least 3 are needed"):
        choose_two_groups(obs, "group", "case", "control")


def test_covariates_that_say_the_same_and_ids_are_refused() -> None:
    obs = make_proteome().obs.assign(place=lambda frame: frame["site"].astype(str), id=[f"i{n}" for n in range(60)])
    target = choose_two_groups(obs, "group", "case", "control")
    with pytest.raises(ValueError, match="rank-deficient"):
        build_design(obs, target, ["site", "place"])
    with pytest.raises(ValueError, match="60 levels: is it an id"):
        build_design(obs, target, ["id"])


def test_samples_without_a_covariate_are_left_out() -> None:
    obs = make_proteome().obs
    obs["site"] = obs["site"].astype(object)
    obs.iloc[:4, 1] = np.nan
    obs.iloc[4:6, 2] = np.nan
    design = build_design(obs, choose_two_groups(obs, "group", "case", "control"), ["site", "age"])
    assert len(design) == 54
    assert list(design.columns) == ["target", "intercept", "site_B", "age"]
    assert isinstance(design, pd.DataFrame)


def test_what_is_the_same_in_all_samples_with_a_target_is_left_out() -> None:
    """An outcome that one site alone measured: its samples are of one batch, which can't be confounded."""
    obs = pd.DataFrame({"site": ["a"] * 20 + ["b"] * 20, "age": np.arange(40.0), "year": 1990}, index=range(40))
    measured = pd.Series(np.r_[np.full(20, np.nan), np.arange(20) % 7], index=obs.index, name="load")
    design = build_design(obs, measured, ["site", "age", "year"])
    assert list(design.columns) == ["target", "intercept", "age"] and len(design) == 20


def test_the_level_that_the_others_are_compared_with_is_one_of_the_samples_with_a_target() -> None:
    """Of three sites the first measured no outcome: two are left, which are told apart by one column."""
    obs = pd.DataFrame({"site": ["a", "b", "c"] * 10, "age": np.arange(30.0)}, index=range(30))
    obs.loc[4, "site"] = None
    measured = pd.Series(np.where(obs["site"] == "a", np.nan, np.arange(30) % 7), index=obs.index, name="load")
    design = build_design(obs, measured, ["site", "age"])
    assert list(design.columns) == ["target", "intercept", "site_c", "age"] and len(design) == 19
