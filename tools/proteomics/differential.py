"""Differential abundance of two groups, with covariates: one linear model per protein."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.statistics.design import build_design, choose_two_groups
from tools.statistics.linear import fit_features
from tools.statistics.volcano import draw_volcano

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def differential_abundance(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    min_per_group: int = 3,
) -> pd.DataFrame:
    """Compare the abundance of every protein between two groups by a linear model with covariates.

    The effect is the log2 fold change, case minus control. A protein is tested on the samples that measured it; one
    with fewer than `min_per_group` values in a group stays untested.

    Relation: feature ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 120
    Library: statsmodels
    """
    target = choose_two_groups(data.obs, group, case, control, least=min_per_group)
    design = build_design(data.obs, target, covariates)
    table = fit_features(data[design.index].X, data.var_names, design, least=min_per_group)
    return table.assign(unit="log2 fold change")


def draw_differential_abundance(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the volcano plot."""
    return draw_volcano(table, "log2 fold change")
