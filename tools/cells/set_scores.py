"""Gene-set scores of cells, compared between groups of samples, or of cells where there are no samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.cells.samples import describe_samples
from tools.statistics.bars import draw_effects
from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.gene_sets import find_symbols, match_sets, read_gmt
from tools.statistics.linear import fit_features
from tools.statistics.scores import score_sets, standardise

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

UNIT = "mean z-score of the members"


def cell_set_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    sets: Annotated[str, "sets"] = "",
    sample: Annotated[str | None, "subject"] = None,
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    smallest: int = 5,
    largest: int = 500,
) -> pd.DataFrame:
    """Score gene sets in every cell and compare the scores between two groups in a linear model with covariates.

    With `sample` the means of the samples are compared. Without it the cells are, which takes the cells of one sample
    as independent: `unit_of_analysis` says which.

    Relation: set ~ group
    Refuses: missing values, raw
    Produces: statistics
    Seconds: 120
    Library: statsmodels, scikit-learn
    """
    import numpy as np
    import pandas as pd

    matched = match_sets(read_gmt(sets), find_symbols(data), smallest, largest)
    values = data.X.toarray() if hasattr(data.X, "toarray") else np.asarray(data.X)
    scores = pd.DataFrame(score_sets(standardise(values.astype(float)), list(data.var_names), matched), data.obs_names)
    obs = data.obs
    if sample:
        obs = describe_samples(data.obs, sample, [group, *covariates])
        scores = scores.groupby(data.obs[sample].astype(str).to_numpy()).mean().loc[obs.index]
    design = build_design(obs, choose_two_groups(obs, group, case, control), covariates)
    table = fit_features(scores.loc[design.index].to_numpy(dtype=float), list(matched), design)
    members = [";".join(features) for features in matched.values()]
    return table.assign(members=members, unit=UNIT, unit_of_analysis="sample" if sample else "cell")


def draw_cell_set_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the sets with the smallest p."""
    return draw_effects(table, UNIT)
