"""Planted relations are found with the right sign, and noise is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.tools.proteomics.abundances import make_proteome, write_gmt
from tools.proteomics.activity import activity_difference
from tools.proteomics.association import abundance_association, coabundance, paired_difference
from tools.proteomics.biomarker import biomarker_model
from tools.proteomics.clustering import cluster_association, cluster_samples, embed_samples
from tools.proteomics.modules import module_difference
from tools.proteomics.quality import presence_difference, sample_quality
from tools.proteomics.set_scores import member_score_difference, set_score_difference
from tools.proteomics.survival import survival_association, survival_by_group

GROUPS = {"group": "group", "case": "case", "control": "control"}


def test_a_numeric_outcome() -> None:
    data = make_proteome(missing=0.1)
    data.X[:, 7] += 0.15 * data.obs["age"].to_numpy()
    for scale in ("linear", "rank"):
        table = abundance_association(data, "age", ["site", "group"], scale).set_index("entity")
        assert table["p"].idxmin() == "P7"
        assert table.loc["P7", "effect"] > 0
    linear = abundance_association(data, "age").set_index("entity").loc["P7"]
    measured = np.isfinite(data.X[:, 7])
    reference = stats.linregress(data.obs["age"][measured], data.X[measured, 7])
    assert [linear["effect"], linear["p"]] == pytest.approx([reference.slope, reference.pvalue])
    with pytest.raises(ValueError, match="column site is not numeric"):
        abundance_association(data, "site")


def test_pairs_are_compared_within_subjects() -> None:
    data = make_proteome(shift=0.8, missing=0.1)
    data.obs["subject"] = [f"person{index // 2}" for index in range(60)]
    data.X += np.repeat(np.random.default_rng(1).normal(0, 3, (30, 1)), 2, axis=0)
    table = paired_difference(data, **GROUPS, subject="subject").set_index("entity")
    first = data.to_df()["P0"].to_numpy().reshape(30, 2)
    test = stats.ttest_rel(*first[np.isfinite(first).all(axis=1)].T)
    assert table.loc["P0", ["statistic", "p"]].tolist() == pytest.approx([test.statistic, test.pvalue])
    assert table.loc["P0", "n"] == np.isfinite(first).all(axis=1).sum()
    alone = data[data.obs["group"].eq("control") | data.obs["subject"].isin(["person0", "person1"])].copy()
    with pytest.raises(ValueError, match="level 'case' of column group has 2 samples"):
        paired_difference(alone, **GROUPS, subject="subject")


def test_one_protein_against_the_others() -> None:
    data = make_proteome(missing=0.1)
    data.X[:, 9] = 20 - (data.X[:, 8] - 20) + np.random.default_rng(1).normal(0, 0.5, 60)
    table = coabundance(data, "P8", ["group"])
    assert table.nsmallest(1, "p")["entity"].tolist() == ["P9"]
    assert table.set_index("entity").loc["P9", "effect"] == pytest.approx(-1, abs=0.2)
    assert "P8" not in set(table["entity"])


def test_a_set_is_found_by_score_activity_and_members(tmp_path: Path) -> None:
    data = make_proteome(shift=0.8, missing=0.1)
    names = {"planted": [f"GENE{n}" for n in range(5)], "rest": [f"GENE{n}" for n in range(20, 30)]}
    sets = write_gmt(tmp_path / "sets.gmt", **names, unmeasured=["X1", "X2", "X3", "X4", "X5"])
    for tool in (set_score_difference, activity_difference):
        table = tool(data, **GROUPS, sets=sets, covariates=["site"]).set_index("entity")
        assert set(table.index) == {"planted", "rest"}
        assert table.loc["planted", "p"] < 1e-4
        assert table.loc["planted", "effect"] > 0
        assert table.loc["rest", "p"] > 0.01
        assert table.loc["planted", "members"] == "P0;P1;P2;P3;P4"
    alone = member_score_difference(data, **GROUPS, members=[f"P{n}" for n in range(5)], covariates=["site"])
    again = set_score_difference(data, **GROUPS, sets=sets, covariates=["site"]).set_index("entity").loc["planted"]
    assert alone["p"][0] == pytest.approx(again["p"])


def test_sets_that_name_other_things_are_refused(tmp_path: Path) -> None:
    sets = write_gmt(tmp_path / "sets.gmt", mouse=["Aldoa", "Pkm", "Eno1", "Ldha", "Tpi1"])
    with pytest.raises(ValueError, match=r"the sets name Aldoa, Eno1, Ldha \.\.\., the data GENE0"):
        set_score_difference(make_proteome(), **GROUPS, sets=sets)
    with pytest.raises(ValueError, match="no gene sets are given"):
        set_score_difference(make_proteome(), **GROUPS)


def test_modules_are_found_without_the_group() -> None:
    data = make_proteome(proteins=60, shift=0)
    factor = np.random.default_rng(1).normal(0, 1.5, 60) + (data.obs["group"] == "case").to_numpy() * 2
    data.X[:, 20:35] += factor[:, None]
    data.X[:, 40:55] += np.random.default_rng(2).normal(0, 2, (60, 1))
    table = module_difference(data, **GROUPS)
    assert sorted(len(members.split(";")) for members in table["members"]) == [15, 15]
    moved = table.loc[table["p"].idxmin()]
    assert set(moved["members"].split(";")) == {f"P{n}" for n in range(20, 35)}
    assert (moved["effect"] > 0, table["p"].max() > 0.01) == (True, True)


def test_survival() -> None:
    data = make_proteome(samples=120)
    draw = np.random.default_rng(1)
    times = draw.exponential(20 / np.exp(data.X[:, 3] - 20))
    ends = draw.exponential(40, 120)
    data.obs["months"], data.obs["died"] = np.minimum(times, ends), (times <= ends).astype(int)
    table = survival_association(data, "months", "died", ["age", "site"]).set_index("entity")
    assert table.loc["P3", "effect"] == pytest.approx(1, abs=0.4)
    assert table["p"].drop("P3").gt(0.001).mean() > 0.8
    data.obs["high"] = np.where(data.X[:, 3] > 20, "high", "low")
    by_group, _ = survival_by_group(data, "high", "months", "died")
    assert by_group["p"][0] < 0.01
    few = survival_association(data[:20].copy(), "months", "died", features=["P3"], least_events=19)
    assert "fewer than 19" in few["untested"][0]
    data.obs["died"] = data.obs["died"] + 1
    with pytest.raises(ValueError, match=r"column died must hold 1 \(happened\) and 0"):
        survival_association(data, "months", "died")


def test_a_classifier_is_judged_on_what_it_did_not_see() -> None:
    found, _ = biomarker_model(make_proteome(missing=0.1), **GROUPS, panel=5)
    assert found["effect"][0] > 0.85
    assert found["low"][0] > 0.7
    noise = [biomarker_model(make_proteome(shift=0, seed=seed), **GROUPS)[0] for seed in range(2)]
    assert np.mean([table["effect"][0] for table in noise]) < 0.65
    data = make_proteome()
    data.obs["site"] = data.obs["group"]
    with pytest.raises(ValueError, match="the held-out blocks leave one group only"):
        biomarker_model(data, **GROUPS, keep_together="site")


def test_missingness_that_differs_between_groups_is_seen() -> None:
    data = make_proteome(missing=0.05)
    cases = np.flatnonzero(data.obs["group"] == "case")
    data.X[cases[:25], 12] = np.nan
    data.X[np.ix_(cases, np.arange(20, 30))] = np.nan
    presence = presence_difference(data, **GROUPS).set_index("entity")
    assert presence.loc["P12", "p"] < 1e-4
    assert presence.loc["P12", "effect"] < 0
    quality = sample_quality(data, **GROUPS).set_index("entity")
    assert quality.loc["share of missing values", "effect"] > 0.2
    assert quality.loc["share of missing values", "p"] < 1e-6


@pytest.mark.parametrize("method", ["k_means", "louvain"])
def test_clusters_that_follow_the_group_are_found(method: str) -> None:
    data = cluster_samples(embed_samples(make_proteome(shifted=30, shift=2.5)), method, clusters=2)
    table = cluster_association(data, "group", batch="site").set_index("entity")
    assert table.loc["group", "effect"] > 0.9
    assert table.loc["site", "p"] > 0.01
    assert isinstance(data.obs["cluster"].dtype, pd.CategoricalDtype)
