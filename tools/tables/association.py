"""Associations of a numeric outcome with other columns: linear, curved, and dependent on a third column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tools.statistics.bars import draw_effects
from tools.statistics.design import TARGET, build_design
from tools.statistics.linear import fit_features
from tools.statistics.variables import read_frame, read_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST = 5


def association(
    data: AnnData,
    outcome: Annotated[str, "variable"],
    predictors: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    scale: Literal["linear", "rank"] = "linear",
) -> pd.DataFrame:
    """Relate a numeric outcome to each predictor by a linear model with covariates: one model per predictor.

    The effect is the change of the outcome per unit of the predictor (per rank with `scale` rank). Without
    `predictors` every other numeric column is one.

    Relation: feature ~ numeric
    Refuses: imputed
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    """
    import pandas as pd

    y = scale_values(read_numeric(data, outcome), scale)
    taken = {outcome, *covariates}
    names = list(predictors) or [name for name in data.var_names if name not in taken]
    if clash := [name for name in predictors if name in taken]:
        raise ValueError(f"{', '.join(clash)} can't be a predictor and the outcome or a covariate")
    tables = [_regress(data, y, name, covariates, scale, chosen=bool(predictors)) for name in names]
    if not tables:
        raise ValueError("there is no numeric column to relate the outcome to")
    return pd.concat(tables, ignore_index=True).assign(unit=f"{outcome} per unit of the predictor", outcome=outcome)


def draw_association(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the predictors with the smallest p."""
    return draw_effects(table, str(table["unit"].iloc[0]))


def curvature(
    data: AnnData,
    outcome: Annotated[str, "variable"],
    predictor: Annotated[str, "variable"],
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Test whether the outcome bends with the predictor: the quadratic term of a linear model.

    The effect is the coefficient of the squared, centred predictor: above 0 a valley, below 0 a hill.

    Relation: feature ~ numeric
    Refuses: imputed
    Produces: statistics
    Seconds: 20
    Library: statsmodels
    """
    y, x = read_numeric(data, outcome), read_numeric(data, predictor)
    centred = x - x[y.notna()].mean()
    extra = read_frame(data, covariates).assign(**{f"{predictor}, linear": centred})
    table = _fit(y, centred**2, extra, f"{predictor} squared")
    return table.assign(unit=f"{outcome} per squared unit of {predictor}", outcome=outcome)


def interaction(
    data: AnnData,
    outcome: Annotated[str, "variable"],
    predictor: Annotated[str, "variable"],
    moderator: Annotated[str, "variable"],
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    level: str = "",
) -> pd.DataFrame:
    """Test whether the effect of a predictor on the outcome depends on a moderator: the product term of a linear model.

    A numeric moderator is centred; of a column of levels, `level` counts as 1 and all others as 0 (two levels: the
    later one). The effect is the change of the slope per unit of the moderator.

    Relation: feature ~ numeric
    Refuses: imputed
    Produces: statistics
    Seconds: 20
    Library: statsmodels
    """
    y, x = read_numeric(data, outcome), read_numeric(data, predictor)
    other = _read_moderator(data, moderator, level)
    table = fit_product(y, x, other, read_frame(data, covariates), f"{predictor} x {moderator}")
    return table.assign(unit=f"slope of {outcome} on {predictor} per unit of {moderator}", outcome=outcome)


def _read_moderator(data: AnnData, moderator: str, level: str) -> pd.Series[float]:
    import pandas as pd

    from tools.statistics.variables import choose_level, read_variable

    column = read_variable(data, moderator)
    if level or not pd.api.types.is_numeric_dtype(column) or column.nunique() == 2:
        return choose_level(data, moderator, level or None)
    numbers = read_numeric(data, moderator)
    return numbers - numbers.mean()


def scale_values(column: pd.Series[float], scale: str) -> pd.Series[float]:
    """Return the values, or their ranks with `scale` rank."""
    return column.rank() if scale == "rank" else column


def fit_product(
    y: pd.Series[float], x: pd.Series[float], other: pd.Series[float], covariates: pd.DataFrame, entity: str
) -> pd.DataFrame:
    """Return the row of the product of `x`, centred, and `other` in a linear model with both and the covariates."""
    centred = x - x.mean()
    extra = covariates.assign(**{f"{entity}, slope": centred, f"{entity}, level": other})
    return _fit(y, centred * other, extra, entity)


def make_untested(entity: str, n: int, reason: str) -> pd.DataFrame:
    """Return the row of what can't be tested."""
    import pandas as pd

    row = dict.fromkeys(("effect", "low", "high", "statistic", "df", "p"), float("nan"))
    return pd.DataFrame([{"entity": entity, **row, "n": n, "untested": reason}])


def _regress(
    data: AnnData, y: pd.Series[float], name: str, covariates: Sequence[str], scale: str, chosen: bool
) -> pd.DataFrame:
    """One model. A predictor that can't be used is an error where it was `chosen`, and an untested row otherwise."""
    try:
        return _fit(y, scale_values(read_numeric(data, name), scale), read_frame(data, covariates), name)
    except ValueError as error:
        if chosen:
            raise
        return make_untested(name, int(y.notna().sum()), str(error))


def _fit(y: pd.Series[float], x: pd.Series[float], covariates: pd.DataFrame, name: str) -> pd.DataFrame:
    known = y.notna()
    design = build_design(covariates[known], x[known].rename(TARGET), list(covariates.columns))
    return fit_features(y[design.index].to_numpy(dtype=float)[:, None], [name], design, LEAST, two_groups=False)
