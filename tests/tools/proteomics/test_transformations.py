"""What changes the values: log2, filtering, normalisation, imputation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tools.proteomics.abundances import make_proteome
from tools.proteomics.filtering import filter_by_presence
from tools.proteomics.imputation import impute_missing
from tools.proteomics.normalisation import normalise_samples, take_log2


def test_zeros_are_missing_in_log2() -> None:
    data = make_proteome(samples=4, proteins=3)
    data.X = np.array([[8.0, 0.0, -1.0]] * 4)
    assert np.isnan(take_log2(data).X[0]).tolist() == [False, True, True]
    assert data.X[0, 0] == 3


def test_a_protein_that_one_group_has_is_kept_where_asked() -> None:
    data = make_proteome(samples=40, proteins=4)
    controls = (data.obs["group"] == "control").to_numpy()
    data.X[controls, 0] = np.nan
    data.X[4:, 1] = np.nan
    data.X[:, 2] = np.nan
    assert list(filter_by_presence(data.copy(), 0.7).var_names) == ["P3"]
    assert list(filter_by_presence(data.copy(), 0.7, "group").var_names) == ["P0", "P3"]
    assert list(filter_by_presence(data.copy(), 0.0).var_names) == ["P0", "P1", "P3"]
    with pytest.raises(ValueError, match="share is 50"):
        filter_by_presence(data, 50)


@pytest.mark.parametrize("method", ["median", "quantile"])
def test_normalisation_takes_the_offsets_of_samples_away(method: str) -> None:
    data = make_proteome(samples=20, proteins=300, missing=0.1, shifted=0)
    clean = data.X.copy()
    data.X += np.random.default_rng(1).normal(0, 2, (20, 1))
    made = normalise_samples(data.copy(), method).X
    assert np.nanstd(np.nanmedian(made, axis=1)) < 0.05 < 1 < np.nanstd(np.nanmedian(data.X, axis=1))
    assert np.isnan(made).tolist() == np.isnan(clean).tolist()
    assert np.nanmean(made) == pytest.approx(np.nanmean(clean), abs=1)
    known = np.isfinite(clean)
    assert np.corrcoef(made[known], clean[known])[0, 1] > 0.95


def test_quantiles_of_all_samples_become_the_same() -> None:
    data = make_proteome(samples=10, proteins=200, shifted=0)
    data.X[0] = (data.X[0] - 20) * 3 + 20
    made = np.sort(normalise_samples(data, "quantile").X, axis=1)
    assert np.abs(made - made[0]).max() < 0.05


@pytest.mark.parametrize("method", ["nearest", "median"])
def test_imputation_fills_every_gap_and_changes_nothing_else(method: str) -> None:
    data = make_proteome(missing=0.2)
    before = data.X.copy()
    after = impute_missing(data, method).X
    assert np.isfinite(after).all()
    assert (after[np.isfinite(before)] == before[np.isfinite(before)]).all()


def test_what_cant_be_imputed_or_normalised_is_refused() -> None:
    data = make_proteome()
    data.X[:, 3] = np.nan
    with pytest.raises(ValueError, match="1 features have no value at all: filter by presence first"):
        impute_missing(data)
    data.X[7] = np.nan
    with pytest.raises(ValueError, match="samples without any value can't be normalised: s7"):
        normalise_samples(data)
