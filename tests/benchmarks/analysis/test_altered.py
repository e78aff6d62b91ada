"""The planted set is chosen by a rule; the altered task keeps everything but the permuted labels and the plant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.analysis.altered import choose_plant, fix_secret, write_altered
from memory.files.project_secret import read_secret
from tools.analysis.dataset.h5ad import read_dataset

SAMPLES, SYMBOLS = 40, ["ALB", "APOE", "CLU", "C3", "CFH", "TTR", "GFAP", "MAPT"]
SETS = {"a small set": SYMBOLS[:4], "b set": SYMBOLS[:6], "c set": SYMBOLS}


def write_task(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    samples = [f"s{number}" for number in range(SAMPLES)]
    folder.mkdir()
    values = pd.DataFrame(2 ** rng.normal(20, 1, (SAMPLES, len(SYMBOLS))), index=samples, columns=SYMBOLS)
    values.rename_axis("sample").to_csv(folder / "values.csv")
    groups = pd.DataFrame(
        {"group": ["case", "control"] * 20, "site": ["x"] * 20 + ["y"] * 20, "age": 60.5}, index=samples
    )
    groups["age"] += rng.normal(size=SAMPLES)
    groups.rename_axis("sample").to_csv(folder / "samples.csv")
    (folder / "sets.gmt").write_text("".join("\t".join([name, "", *members]) + "\n" for name, members in SETS.items()))
    task = {
        "name": "small", "topic": "a topic", "description": "a description", "toolchain": "analysis",
        "kind": "proteomics", "gene_sets": "sets.gmt",
        "data": {"path": "values.csv", "format": "wide", "metadata": "samples.csv", "samples": "sample", "scale": "raw"},
        "design": {"group": "group", "case": "case", "control": "control", "batch": "site", "numeric": ["age"]},
    }  # fmt: skip
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return folder


def test_the_first_set_of_a_fit_size_is_planted() -> None:
    plant = choose_plant({symbol: f"id-{symbol}" for symbol in SYMBOLS}, SETS)
    assert plant.set == "b set"
    assert plant.features == {symbol: f"id-{symbol}" for symbol in sorted(SYMBOLS[:6])[:5]}
    with pytest.raises(ValueError, match="no set"):
        choose_plant({"ALB": "x"}, SETS)


def test_labels_move_within_sites_and_values_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = write_task(tmp_path / "source")
    for seed in (0, 1):
        assert write_altered(str(source), tmp_path / f"null-{seed}", seed, planted=False) is None
    first, second = (read_dataset(tmp_path / f"null-{seed}" / "data.h5ad") for seed in (0, 1))
    original = pd.read_csv(source / "samples.csv", index_col=0)["group"]
    assert (first.obs["group"].astype(str) != original).any()
    assert (first.obs["group"].astype(str) != second.obs["group"].astype(str)).any()
    counts = pd.crosstab(first.obs["site"], first.obs["group"])
    assert (counts == 10).all(axis=None)
    np.testing.assert_allclose(first.X, pd.read_csv(source / "values.csv", index_col=0).to_numpy())
    task = yaml.safe_load((tmp_path / "null-0" / "task.yaml").read_text())
    assert task["design"]["numeric"] == [] and task["design"]["case"] == "case"


def test_the_plant_doubles_five_proteins_in_the_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = str(write_task(tmp_path / "source"))
    plant = write_altered(source, tmp_path / "planted", 0, planted=True)
    write_altered(source, tmp_path / "null", 0, planted=False)
    planted, null = (read_dataset(tmp_path / name / "data.h5ad") for name in ("planted", "null"))
    assert plant is not None and len(plant.features) == 5
    ratio = pd.DataFrame(planted.X / null.X, index=planted.obs_names, columns=planted.var_names)
    case = (planted.obs["group"] == "case").to_numpy()
    assert (ratio.loc[case, list(plant.features.values())] == 2).all(axis=None)
    assert (ratio.loc[~case] == 1).all(axis=None)
    assert (ratio.drop(columns=list(plant.features.values())) == 1).all(axis=None)


def test_the_secret_is_fixed_by_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fix_secret(tmp_path / name, seed)
    a, b, c = (read_secret(tmp_path / name) for name in "abc")
    assert a == b != c
