"""Differences of numeric columns between two groups, and trends over ordered levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.statistics.bars import draw_effects
from tools.statistics.design import build_design, choose_two_groups, require_columns
from tools.statistics.linear import fit_features
from tools.statistics.variables import read_frame, read_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST = 5
DIFFERENCE = "difference in the column's unit"


def group_difference(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    outcomes: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Compare numeric columns between two groups by a linear model with covariates.

    The effect is the difference of the means, case minus control, in the column's unit. Without `outcomes` all numeric
    columns are compared.

    Relation: feature ~ group
    Refuses: imputed
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    """
    target = choose_two_groups(data.obs, group, case, control)
    return _regress(data, target, outcomes, covariates, True).assign(unit=DIFFERENCE)


def trend(
    data: AnnData,
    group: Annotated[str, "group"],
    order: Annotated[list[str], "level"],
    outcomes: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Test whether numeric columns rise or fall over the levels of a group in the given order, by a linear model.

    The effect is the change per step of the order, in the column's unit.

    Relation: feature ~ group
    Refuses: imputed
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    Example: group="stage", order=["early", "middle", "late"]
    """
    require_columns(data.obs, [group])
    labels = data.obs[group].astype("string")
    if unknown := [level for level in order if level not in set(labels.dropna())]:
        raise ValueError(f"column {group} has no level {', '.join(unknown)}")
    if len(set(order)) < 3:
        raise ValueError("a trend needs three levels or more; for two ask group_difference")
    target = labels.map({level: float(place) for place, level in enumerate(order)}).astype(float)
    return _regress(data, target, outcomes, covariates, False).assign(unit="change per step, in the column's unit")


def _regress(
    data: AnnData, target: pd.Series[float], outcomes: Sequence[str], covariates: Sequence[str], two_groups: bool
) -> pd.DataFrame:
    import pandas as pd

    names = list(outcomes) or [name for name in data.var_names if name not in covariates]
    design = build_design(read_frame(data, covariates), target, covariates)
    values = pd.concat([read_numeric(data, name) for name in outcomes], axis=1) if outcomes else data.to_df()[names]
    least = 3 if two_groups else LEAST
    return fit_features(values.loc[design.index].to_numpy(dtype=float), names, design, least, two_groups)


def draw_group_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the columns with the smallest p."""
    return draw_effects(table, DIFFERENCE)


def draw_trend(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the columns with the smallest p."""
    return draw_effects(table, str(table["unit"].iloc[0]))
