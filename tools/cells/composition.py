"""Shares of cell types in samples, compared between groups. The unit is the sample, not the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.cells.samples import describe_samples
from tools.statistics.bars import draw_effects
from tools.statistics.design import build_design, choose_two_groups, require_columns
from tools.statistics.linear import fit_features

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

UNIT = "difference of centred log ratios"
LEAST_CELLS = 20
_PSEUDOCOUNT = 0.5


def composition_difference(
    data: AnnData,
    cell_type: Annotated[str, "column"],
    sample: Annotated[str, "subject"],
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Compare the shares of cell types between two groups of samples by a linear model of centred log ratios.

    The effect is the difference of the centred log ratio, case minus control. Shares sum to one: where one type grows,
    the others shrink. Samples with fewer than 20 cells are left out.

    Relation: composition ~ group
    Produces: statistics
    Seconds: 30
    Library: statsmodels, pandas
    Example: cell_type="kind", sample="donor", group="arm", case="treated", control="placebo"
    """
    import numpy as np
    import pandas as pd

    require_columns(data.obs, [cell_type, sample, group])
    counts = pd.crosstab(data.obs[sample].astype(str), data.obs[cell_type].astype(str))
    counts = counts[counts.sum(axis=1) >= LEAST_CELLS]
    if counts.shape[1] < 2:
        raise ValueError(f"column {cell_type} has one cell type only")
    samples = describe_samples(data.obs, sample, [group, *covariates]).loc[counts.index]
    logs = np.log(counts + _PSEUDOCOUNT)
    ratios = logs.sub(logs.mean(axis=1), axis=0)
    design = build_design(samples, choose_two_groups(samples, group, case, control), covariates)
    table = fit_features(ratios.loc[design.index].to_numpy(dtype=float), list(ratios.columns), design)
    shares = counts.div(counts.sum(axis=1), axis=0).loc[design.index].mean()
    return table.assign(unit=UNIT, mean_share=shares.to_numpy())


def draw_composition_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the cell types."""
    return draw_effects(table, UNIT)
