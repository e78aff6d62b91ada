"""Slopes that differ between groups: whether a column goes with an outcome in another way in one group than in the
other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tools.statistics.bars import draw_effects
from tools.statistics.design import choose_two_groups
from tools.statistics.variables import read_frame, read_numeric
from tools.tables.association import fit_product, make_untested, scale_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST_EACH = 8
"""Samples of each group with a value."""


def slope_difference(
    data: AnnData,
    outcome: Annotated[str, "variable"],
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    predictors: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    scale: Literal["linear", "rank"] = "linear",
) -> pd.DataFrame:
    """Test for each column whether its slope with the outcome differs between two groups: the product term of a linear
    model.

    The effect is the slope among cases minus that among controls, in units of the outcome per unit of the predictor
    (per rank with `scale` rank). Slopes may differ on one scale and not on another. Without `predictors` every other
    numeric column is one.

    Relation: slope ~ group
    Refuses: imputed
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    """
    import pandas as pd

    cases = choose_two_groups(data.obs, group, case, control)
    taken = {outcome, group, *covariates}
    if clash := [name for name in predictors if name in taken]:
        raise ValueError(f"{', '.join(clash)} can't be a predictor and the outcome, the group or a covariate")
    names = list(predictors) or [name for name in data.var_names if name not in taken]
    if not names:
        raise ValueError("there is no numeric column to relate the outcome to")
    y = scale_values(read_numeric(data, outcome).where(cases.notna()), scale)
    tables = [_fit(data, y, name, cases, covariates, scale) for name in names]
    return pd.concat(tables, ignore_index=True).assign(
        unit=f"slope of {outcome}, {case} minus {control}", outcome=outcome
    )


def _fit(
    data: AnnData, y: pd.Series[float], name: str, cases: pd.Series[float], covariates: Sequence[str], scale: str
) -> pd.DataFrame:
    """One model. A predictor that can't be used is an untested row with the reason."""
    try:
        x = scale_values(read_numeric(data, name).where(cases.notna()), scale)
        counts = cases[y.notna() & x.notna()].value_counts()
        if min(counts.get(1.0, 0), counts.get(0.0, 0)) < LEAST_EACH:
            raise ValueError(f"fewer than {LEAST_EACH} values in a group")
        return fit_product(y, x, cases, read_frame(data, covariates), name)
    except ValueError as error:
        return make_untested(name, int(y.notna().sum()), str(error))


def draw_slope_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the columns with the smallest p."""
    return draw_effects(table, str(table["unit"].iloc[0]))
