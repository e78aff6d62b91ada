"""A yes-or-no outcome: logistic regression on each predictor, with covariates."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated, Any

from tools.statistics.bars import draw_effects
from tools.statistics.design import TARGET, build_design
from tools.statistics.variables import choose_level, read_frame, read_variable

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

LEAST_PER_OUTCOME = 5
LARGEST = 15.0  # log odds per standard deviation above which groups are separated


def odds_association(
    data: AnnData,
    outcome: Annotated[str, "variable"],
    predictors: Annotated[list[str], "variable"],
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    outcome_level: str = "",
    predictor_level: str = "",
) -> pd.DataFrame:
    """Relate a yes-or-no outcome to each predictor by logistic regression with covariates.

    `outcome_level` is the level that counts as yes (of two levels, the later one). A predictor of levels counts as 1
    where it is `predictor_level`. The effect is the log odds ratio per unit of the predictor.

    Relation: group ~ features
    Refuses: imputed
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    Example: outcome="sex", predictors=["P11", "P12"]
    """
    import pandas as pd

    y = choose_level(data, outcome, outcome_level or None)
    rows = [_fit(data, y, name, list(covariates), predictor_level) for name in predictors]
    return pd.DataFrame(rows).assign(unit="log odds ratio per unit", outcome=outcome)


def _read_predictor(data: AnnData, name: str, level: str) -> pd.Series[float]:
    import pandas as pd

    column = read_variable(data, name)
    if level or not pd.api.types.is_numeric_dtype(column):
        return choose_level(data, name, level or None)
    return column.astype(float)


def _fit(data: AnnData, y: pd.Series[float], name: str, covariates: list[str], level: str) -> dict[str, Any]:
    import numpy as np
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    known = y.notna()
    x = _read_predictor(data, name, level)[known].rename(TARGET)
    design = build_design(read_frame(data, covariates)[known], x, covariates)
    answers = y[design.index]
    if (least := int(min(answers.sum(), (1 - answers).sum()))) < LEAST_PER_OUTCOME:
        raise ValueError(f"one outcome has {least} samples; at least {LEAST_PER_OUTCOME} are needed")
    nan = float("nan")
    row: dict[str, Any] = {"entity": name} | dict.fromkeys(("effect", "low", "high", "statistic", "df", "p"), nan)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = Logit(answers.to_numpy(), design.to_numpy(dtype=float)).fit(disp=0, maxiter=100)
    except (PerfectSeparationError, np.linalg.LinAlgError):
        return row | {"n": len(design), "untested": "the predictor separates the outcomes"}
    place = list(design.columns).index(TARGET)
    if not fit.mle_retvals["converged"] or abs(fit.params[place]) * design[TARGET].std() > LARGEST:
        return row | {"n": len(design), "untested": "the predictor separates the outcomes"}
    low, high = fit.conf_int(0.05)[place]
    return row | {
        "effect": fit.params[place], "low": low, "high": high, "statistic": fit.tvalues[place], "p": fit.pvalues[place],
        "n": len(design), "untested": "",
    }  # fmt: skip


def draw_odds_association(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the predictors with the smallest p."""
    return draw_effects(table, "log odds ratio per unit")
