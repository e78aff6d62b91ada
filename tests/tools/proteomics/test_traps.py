"""Ten ways in which common libraries give wrong numbers on proteomes, and what the tools do instead."""

from __future__ import annotations

import warnings
from pathlib import Path

import gseapy
import numpy as np
import pandas as pd
import pytest
import scanpy

from tests.tools.proteomics.abundances import make_proteome, write_gmt
from tools.analysis.packs.registry import load_packs
from tools.cells.markers import marker_features
from tools.proteomics.batch import assess_batch, correct_batch
from tools.proteomics.clustering import cluster_association, cluster_samples, embed_samples
from tools.proteomics.differential import differential_abundance
from tools.proteomics.over_representation import over_representation
from tools.proteomics.set_scores import set_score_difference
from tools.statistics.gene_sets import find_symbols, match_sets

GROUPS = {"group": "group", "case": "case", "control": "control"}


def test_1_missing_values_hide_the_true_hit_from_scanpy_but_not_from_the_linear_model() -> None:
    data = make_proteome(missing=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scanpy.tl.rank_genes_groups(data, "group", groups=["case"], reference="control", method="t-test")
    theirs = scanpy.get.rank_genes_groups_df(data, "case").set_index("names")["pvals"]
    ours = differential_abundance(data, **GROUPS).set_index("entity")["p"]
    assert theirs["P0"] == 1
    assert ours["P0"] < 0.001
    assert load_packs(["cells"])["marker_features"].refuses_missing


def test_2_the_effect_of_markers_is_in_the_scale_of_the_data() -> None:
    data = make_proteome()
    ours = marker_features(data, **GROUPS, method="t-test").set_index("entity")["effect"]
    means = data.to_df().groupby(data.obs["group"], observed=True).mean()
    assert ours["P0"] == pytest.approx(means.loc["case", "P0"] - means.loc["control", "P0"])


@pytest.mark.parametrize("tool", ["embed_samples", "correct_batch"])
def test_3_what_needs_complete_data_refuses_missing_values(tool: str) -> None:
    assert load_packs(["proteomics"])[tool].refuses_missing


def test_4_batch_correction_keeps_samples_and_features_in_place() -> None:
    data = make_proteome(site=3)
    before = assess_batch(data, "site")["effect"].max()
    corrected = correct_batch(data.copy(), "site", keep=["group"])
    assert corrected.shape == data.shape
    assert assess_batch(corrected, "site")["effect"].max() < 0.2 < 0.7 < before
    assert "harmony_integrate" not in "".join(path.read_text() for path in Path("tools/proteomics").glob("*.py"))


def test_5_clusters_that_follow_the_site_are_told_from_the_diagnosis() -> None:
    data = make_proteome(site=3, shift=0)
    clustered = cluster_samples(embed_samples(data), clusters=2)
    table = cluster_association(clustered, "group", batch="site").set_index("entity")
    assert table.loc["site", "effect"] > 0.9
    assert table.loc["group", "effect"] < 0.1
    assert set(table["follows"]) == {"site"}
    repaired = cluster_samples(embed_samples(correct_batch(make_proteome(site=3, shift=0), "site")), clusters=2)
    assert cluster_association(repaired, "group", batch="site").set_index("entity").loc["site", "effect"] < 0.3


def test_6_the_background_is_the_tested_proteome(tmp_path: Path) -> None:
    data = make_proteome(shifted=10)
    sets = write_gmt(tmp_path / "sets.gmt", mixed=[f"GENE{index}" for index in range(6, 16)])
    table = over_representation(data, **GROUPS, sets=sets)
    assert table["background"].iloc[0] == 40
    genome = [*data.var["name"], *(f"OTHER{index}" for index in range(20_000))]
    wrong = gseapy.enrich(
        [f"GENE{index}" for index in range(10)], {"mixed": [f"GENE{index}" for index in range(6, 16)]}, background=genome,
        outdir=None, no_plot=True,
    ).results  # fmt: skip
    assert wrong["P-value"].iloc[0] < 1e-6 < 0.2 < table["p"].iloc[0]


def test_7_every_row_keeps_the_name_of_its_protein() -> None:
    data = make_proteome(missing=0.1)
    data.var_names = [f"sp|Q{index}|A:B C" for index in range(data.n_vars)]
    table = differential_abundance(data, **GROUPS)
    assert list(table["entity"]) == list(data.var_names)
    assert set(table.nsmallest(5, "p")["entity"]) == set(data.var_names[:5])


def test_8_missing_values_that_empty_a_site_are_noticed() -> None:
    data = make_proteome(missing=0)
    site_b = (data.obs["site"] == "B").to_numpy()
    cases = (data.obs["group"] == "case").to_numpy()
    data.X[site_b, 0] = np.nan  # measured at one site only: its dummy is empty
    data.X[site_b == cases, 1] = np.nan  # where it is measured, site and group are one
    table = differential_abundance(data, **GROUPS, covariates=["site"]).set_index("entity")
    alone = differential_abundance(data[~site_b].copy(), **GROUPS).set_index("entity")
    assert table.loc["P0", "p"] == pytest.approx(alone.loc["P0", "p"])
    assert np.isnan(table.loc["P1", "p"])
    assert "can't tell" in table.loc["P1", "untested"]


def test_8_a_site_that_is_the_group_is_refused() -> None:
    data = make_proteome()
    data.obs["site"] = data.obs["group"]
    with pytest.raises(ValueError, match="rank-deficient: the groups can't be told from site"):
        differential_abundance(data, **GROUPS, covariates=["site"])


def test_9_sets_are_tested_on_samples_where_gene_permutation_sees_hits_in_noise(tmp_path: Path) -> None:
    """A set of 20 proteins that go together, in data without any difference between the groups."""
    members = [f"GENE{index}" for index in range(20)]
    sets = write_gmt(tmp_path / "sets.gmt", together=members)
    theirs, ours = [], []
    for seed in range(12):
        data = make_proteome(samples=40, proteins=100, shift=0, seed=seed)
        data.X[:, :20] += np.random.default_rng(100 + seed).normal(0, 2, (40, 1))
        ranks = differential_abundance(data, **GROUPS).assign(name=data.var["name"].to_numpy())
        found = gseapy.prerank(
            ranks[["name", "statistic"]], {"together": members}, permutation_num=200, outdir=None, seed=1, min_size=5
        ).res2d
        theirs.append(float(found["NOM p-val"].iloc[0]))
        ours.append(float(set_score_difference(data, **GROUPS, sets=sets)["p"].iloc[0]))
    assert sum(p < 0.05 for p in theirs) >= 5
    assert sum(p < 0.05 for p in ours) <= 2


def test_10_isoforms_and_protein_groups_count_once() -> None:
    data = make_proteome(proteins=6)
    data.var["name"] = ["P14618;P14618-2", "P14618-3", "NKX2-1", "HLA-A;HLA-B", "Q9Y2J8", "nan"]
    symbols = find_symbols(data)
    assert symbols["P0"] == ["P14618"]
    assert symbols["P2"] == ["NKX2-1"]
    matched = match_sets({"set": {"P14618", "NKX2-1", "HLA-A", "HLA-B"}}, symbols, least=1)
    assert matched == {"set": ["P3", "P2", "P0"]}
    assert pd.Series(matched["set"]).is_unique
