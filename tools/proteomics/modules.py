"""Modules of proteins that go together, found without the group and then compared between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tools.proteomics.set_scores import UNIT, compare_scores
from tools.statistics.bars import draw_effects
from tools.statistics.gene_sets import find_symbols

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

MOST_FEATURES = 5_000
LEAST_TOGETHER = 10  # samples that must have measured both of two proteins


def module_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    against: Literal["rest", "nothing"] = "rest",
    distance: float = 0.5,
    smallest: int = 10,
) -> pd.DataFrame:
    """Find modules of co-abundant proteins and compare their scores between two groups.

    Modules come from average linkage of 1 - correlation of ranks over all samples, cut at `distance`; they are named
    after the member that correlates best with the others. To test a module on other samples, hand its members to
    `member_score_difference`.

    Relation: module ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 180
    Library: scikit-learn, pandas, statsmodels
    """
    import numpy as np

    present = np.isfinite(np.asarray(data.X, dtype=float)).mean(axis=0) >= 0.5
    frame = data.to_df().loc[:, present]
    frame = frame.loc[:, frame.nunique() > 1]
    if not smallest <= frame.shape[1] <= MOST_FEATURES:
        raise ValueError(
            f"{frame.shape[1]} proteins are usable; {smallest} to {MOST_FEATURES} can be made into modules"
        )
    modules = find_modules(frame, distance, smallest)
    if not modules:
        raise ValueError(f"no module of {smallest} proteins or more within a distance of {distance:g}")
    table = compare_scores(data, modules, group, case, control, covariates, against == "rest")
    symbols = find_symbols(data)
    shown = [(symbols[name] or [name])[0] for name in table["entity"]]
    return table.assign(entity="module of " + table["entity"], name=[f"module of {name}" for name in shown])


def find_modules(frame: pd.DataFrame, distance: float, smallest: int) -> dict[str, list[str]]:
    """Return the most central member -> all members of its module, the largest first."""
    import numpy as np
    from sklearn.cluster import AgglomerativeClustering

    correlation = frame.rank().corr(min_periods=LEAST_TOGETHER).fillna(0.0)
    away = (1 - correlation).clip(lower=0).to_numpy(copy=True)
    np.fill_diagonal(away, 0.0)
    model = AgglomerativeClustering(None, metric="precomputed", linkage="average", distance_threshold=distance)
    labels = model.fit_predict(away)
    groups = [list(frame.columns[labels == label]) for label in np.unique(labels)]
    groups = sorted((members for members in groups if len(members) >= smallest), key=len, reverse=True)
    return {str(correlation.loc[members, members].mean().idxmax()): members for members in groups}


def draw_module_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the modules with the smallest p."""
    return draw_effects(table, UNIT)
