"""Slopes that differ between groups: whether a column goes with an outcome in another way in one group than in the
other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tools.statistics.bars import draw_effects
from tools.statistics.design import TARGET, build_design, choose_two_groups
from tools.statistics.linear import fit_features
from tools.statistics.variables import read_frame, read_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST_EACH, LEAST = 8, 5
"""Samples of each group with a value; samples beside the columns of the model."""
_SLOPE, _GROUP = "slope of both groups", "group"


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
    y = _scaled(read_numeric(data, outcome)[cases.notna()], scale)
    tables = [_fit(data, y, name, cases, covariates, scale) for name in names]
    return pd.concat(tables, ignore_index=True).assign(
        unit=f"slope of {outcome}, {case} minus {control}", outcome=outcome
    )


def _fit(
    data: AnnData, y: pd.Series[float], name: str, cases: pd.Series[float], covariates: Sequence[str], scale: str
) -> pd.DataFrame:
    """One model. A predictor that can't be used is an untested row with the reason."""
    import pandas as pd

    try:
        x = _scaled(read_numeric(data, name).reindex(y.index), scale)
        known = y.notna() & x.notna()
        counts = cases[y.index][known].value_counts()
        if min(counts.get(1.0, 0), counts.get(0.0, 0)) < LEAST_EACH:
            raise ValueError(f"fewer than {LEAST_EACH} values in a group")
        centred = (x - x[known].mean())[known]
        extra = (
            read_frame(data, covariates).loc[centred.index].assign(**{_SLOPE: centred, _GROUP: cases[centred.index]})
        )
        target = (centred * extra[_GROUP]).rename(TARGET)
        design = build_design(extra, target, list(extra.columns))
    except ValueError as error:
        nan = float("nan")
        row = dict.fromkeys(("effect", "low", "high", "statistic", "df", "p"), nan)
        return pd.DataFrame([{"entity": name, **row, "n": int(y.notna().sum()), "untested": str(error)}])
    return fit_features(y[design.index].to_numpy(dtype=float)[:, None], [name], design, LEAST, two_groups=False)


def _scaled(column: pd.Series[float], scale: str) -> pd.Series[float]:
    return column.rank() if scale == "rank" else column


def draw_slope_difference(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the columns with the smallest p."""
    return draw_effects(table, str(table["unit"].iloc[0]))
