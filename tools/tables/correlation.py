"""Correlation of two or more numeric columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from tools.statistics.variables import read_numeric

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST = 5


def correlation(
    data: AnnData,
    first: Annotated[str, "variable"],
    second: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    method: Literal["pearson", "spearman", "kendall"] = "pearson",
) -> pd.DataFrame:
    """Correlate a numeric column with others, on the samples that have both. For covariates ask `association`.

    The effect is the correlation coefficient; its interval is Fisher's for pearson.

    Relation: feature ~ feature
    Refuses: imputed
    Produces: statistics
    Seconds: 30
    Library: scipy
    """
    import pandas as pd

    x = read_numeric(data, first)
    names = list(second) or [name for name in data.var_names if name != first]
    if first in names:
        raise ValueError(f"{first} can't be correlated with itself")
    rows = [_correlate(x, data, name, method, bool(second)) for name in names]
    return pd.DataFrame(rows).assign(unit=f"{method} correlation with {first}")


def _correlate(x: pd.Series[float], data: AnnData, name: str, method: str, chosen: bool) -> dict[str, Any]:
    """`statistic` is the t that belongs to a pearson or spearman coefficient; NaN for kendall."""
    import numpy as np
    from scipy import stats

    nan = float("nan")
    row: dict[str, Any] = {"entity": name} | dict.fromkeys(("effect", "low", "high", "statistic", "df", "p"), nan)
    y = data.to_df()[name] if name in data.var_names and not chosen else read_numeric(data, name)
    both = x.notna() & y.notna()
    a, b = x[both].to_numpy(dtype=float), y[both].to_numpy(dtype=float)
    if len(a) < LEAST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return row | {"n": len(a), "untested": f"fewer than {LEAST} samples" if len(a) < LEAST else "constant"}
    tests = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
    result = tests[method](a, b)
    r, freedom = float(result.statistic), len(a) - 2
    row |= {"effect": r, "p": float(result.pvalue), "n": len(a), "r": r, "untested": ""}
    if method == "pearson" and len(a) > 3:
        interval = result.confidence_interval(0.95)
        row |= {"low": interval.low, "high": interval.high, "r_low": interval.low, "r_high": interval.high}
    if method != "kendall" and abs(r) < 1:
        row |= {"statistic": r * np.sqrt(freedom / (1 - r**2)), "df": freedom}
    return row


def draw_correlation(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the first column against the one with the smallest p."""
    import matplotlib.pyplot as plt

    first, second = str(table["unit"].iloc[0]).split(" correlation with ")[1], str(table["entity"].iloc[0])
    figure, axes = plt.subplots(figsize=(5, 4.2))
    axes.scatter(read_numeric(data, first), read_numeric(data, second), s=14, linewidths=0, alpha=0.7)
    axes.set(xlabel=first, ylabel=second, title=f"r {table['effect'].iloc[0]:.2f}, p {table['p'].iloc[0]:.2g}")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
