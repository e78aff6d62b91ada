"""Ordinary least squares per feature (statsmodels), on the samples in which the feature was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tools.statistics.design import TARGET, rank_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

COLUMNS = ("entity", "effect", "low", "high", "statistic", "df", "p", "n")
_LEAST_DF = 2
_LEAST_RESIDUAL = 1e-12  # share of the sum of squares below which a fit counts as exact


class Fit(NamedTuple):
    """The coefficient of the target with its 95 % interval; NaN with a reason where it can't be tested."""

    effect: float
    low: float
    high: float
    statistic: float
    df: float
    p: float
    n: int
    untested: str


def fit_features(
    values: np.ndarray, features: Sequence[str], design: pd.DataFrame, least: int = 3, two_groups: bool = True
) -> pd.DataFrame:
    """Regress each column of `values` (the samples of `design` x features, NaN: missing) on the design. Return a
    statistics table of the target's coefficient; `untested` says why a row has no p.

    `least`: values needed in each of two groups, or altogether beside the design's columns.
    """
    import pandas as pd

    matrix = design.to_numpy(dtype=float)
    place = design.columns.get_loc(TARGET)
    fits = [_fit_one(column, matrix, place, least, two_groups) for column in values.T]
    return pd.DataFrame(fits, columns=Fit._fields).assign(entity=list(features))[[*COLUMNS, "untested"]]


def _fit_one(y: np.ndarray, design: np.ndarray, place: int, least: int, two_groups: bool) -> Fit:
    import numpy as np
    from statsmodels.regression.linear_model import OLS

    measured = np.isfinite(y)
    y, x = y[measured], design[measured]
    target = x[:, place]
    if two_groups and min((target == 1).sum(), (target == 0).sum()) < least:
        return _untested(len(y), f"fewer than {least} values in a group")
    kept = [index for index in range(x.shape[1]) if index == place or (x[:, index] != 0).any()]
    x, place = x[:, kept], kept.index(place)
    if len(y) - x.shape[1] < max(_LEAST_DF, 0 if two_groups else least):
        return _untested(len(y), "too few values")
    if rank_of(x) < x.shape[1]:
        return _untested(len(y), "its values can't tell the target from the covariates")
    if np.ptp(y) == 0:
        return _untested(len(y), "constant")
    fit = OLS(y, x).fit()
    if fit.ssr <= _LEAST_RESIDUAL * float(((y - y.mean()) ** 2).sum()):
        return _untested(len(y), "no residual variance")
    low, high = fit.conf_int(alpha=0.05)[place]
    return Fit(
        float(fit.params[place]), float(low), float(high), float(fit.tvalues[place]), float(fit.df_resid),
        float(fit.pvalues[place]), len(y), "",
    )  # fmt: skip


def _untested(n: int, reason: str) -> Fit:
    nan = float("nan")
    return Fit(nan, nan, nan, nan, nan, nan, n, reason)
