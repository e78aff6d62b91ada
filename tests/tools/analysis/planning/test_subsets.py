from pathlib import Path

import numpy as np
import pytest

from tests.tools.analysis.small_study import draw_study
from tools.analysis.dataset.h5ad import read_dataset, write_dataset
from tools.analysis.findings import Subset
from tools.analysis.planning.subsets import write_subset


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_dataset(draw_study(), tmp_path / "data.h5ad")
    return tmp_path / "data.h5ad"


def test_samples_of_one_batch_without_one_feature(source: Path, tmp_path: Path) -> None:
    subset = Subset(column="site", level="north", without="P03")
    made = read_dataset(write_subset(source, subset, tmp_path / "made" / "part.h5ad"))
    assert set(made.obs["site"]) == {"north"} and "P03" not in made.var_names and made.n_vars == 39


def test_a_shuffled_feature_keeps_its_values_within_batches_and_no_other_moves(source: Path, tmp_path: Path) -> None:
    before = read_dataset(source)
    made = read_dataset(write_subset(source, Subset(shuffled="P03", within="site", seed=5), tmp_path / "part.h5ad"))
    for site in ("north", "south"):
        at = (before.obs["site"] == site).to_numpy()
        assert np.array_equal(np.sort(before[at, "P03"].X, axis=0), np.sort(made[at, "P03"].X, axis=0), equal_nan=True)
    assert not np.array_equal(before[:, "P03"].X, made[:, "P03"].X, equal_nan=True)
    assert np.array_equal(before[:, "P04"].X, made[:, "P04"].X, equal_nan=True)
