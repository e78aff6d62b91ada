"""Mediation: how much of the effect of an exposure on an outcome goes through a third column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tools.statistics.variables import choose_level, read_frame, read_numeric, read_variable

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

LEAST = 20


def mediation(
    data: AnnData,
    outcome: Annotated[str, "variable"],
    exposure: Annotated[str, "variable"],
    mediator: Annotated[str, "variable"],
    covariates: Annotated[list[str], "variable"] = (),  # type: ignore[assignment]
    level: str = "",
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Split the effect of an exposure on an outcome in the part through a mediator and the direct part.

    Linear models, quasi-Bayesian simulation (Imai). The rows are the mediated, the direct and the total effect, in
    units of the outcome per unit of the exposure. Of an exposure of two levels, `level` (else the later one) counts as
    1. It is causal only where nothing unmeasured drives mediator and outcome, which no data of this kind can show.

    Relation: mediated ~ mediator
    Refuses: imputed
    Produces: statistics
    Seconds: 60
    Library: statsmodels
    """
    import numpy as np
    import pandas as pd

    names = {"outcome": outcome, "exposure": exposure, "mediator": mediator}
    if len({*names.values(), *covariates}) < len(names) + len(covariates):
        raise ValueError("outcome, exposure, mediator and covariates must be different columns")
    columns = {role: read_numeric(data, name) for role, name in names.items() if role != "exposure"}
    columns["exposure"] = _read_exposure(data, exposure, level)
    frame = pd.concat([pd.DataFrame(columns), _encode(read_frame(data, covariates))], axis=1).dropna()
    if len(frame) < LEAST + frame.shape[1]:
        raise ValueError(f"{len(frame)} complete samples; at least {LEAST + frame.shape[1]} are needed")
    if np.linalg.matrix_rank(frame.drop(columns="outcome").assign(one=1.0)) < frame.shape[1]:
        raise ValueError("the design is rank-deficient: the mediator can't be told from exposure and covariates")
    summary = _simulate(frame, draws, seed)
    rows = [_make_row(summary.loc[name], label, len(frame), 2 / draws) for name, label in _PARTS.items()]
    share = float(summary.loc["Prop. mediated (average)", "Estimate"])
    return pd.DataFrame(rows).assign(unit=f"{outcome} per unit of {exposure}", outcome=outcome, share_mediated=share)


def _read_exposure(data: AnnData, name: str, level: str) -> pd.Series[float]:
    import pandas as pd

    if level or not pd.api.types.is_numeric_dtype(read_variable(data, name)):
        return choose_level(data, name, level or None)
    return read_numeric(data, name)


def _encode(covariates: pd.DataFrame) -> pd.DataFrame:
    """Numeric columns, with all other columns by dummies; a row is NaN where any covariate is missing."""
    import pandas as pd

    if covariates.empty:
        return covariates
    dummies = pd.get_dummies(covariates, drop_first=True, dtype=float)
    numbers = dummies.set_axis([f"c{index}" for index in range(dummies.shape[1])], axis=1)
    return numbers[covariates.notna().all(axis=1)].reindex(covariates.index)


_PARTS = {"ACME (average)": "mediated effect", "ADE (average)": "direct effect", "Total effect": "total effect"}


def _simulate(frame: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Columns are named by position, since a formula would be evaluated anew in every draw."""
    import numpy as np
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.mediation import Mediation

    others = frame.drop(columns=["outcome", "exposure", "mediator"]).to_numpy(dtype=float)
    base = np.column_stack([np.ones(len(frame)), frame["exposure"], others])
    full = OLS(frame["outcome"].to_numpy(), np.column_stack([base, frame["mediator"]]))
    part = OLS(frame["mediator"].to_numpy(), base)
    places = (1, 1), base.shape[1]  # of the exposure in both models, and of the mediator in the first
    return Mediation(full, part, *places).fit(method="parametric", n_rep=draws, rng=seed).summary()


def _make_row(row: pd.Series[float], label: str, n: int, least_p: float) -> dict[str, Any]:
    """The statistic is the estimate over its simulated standard error; no simulated p is below `least_p`."""
    estimate, low, high, p = (float(row.iloc[place]) for place in range(4))
    error = (high - low) / (2 * 1.959964)
    return {
        "entity": label, "effect": estimate, "low": low, "high": high,
        "statistic": estimate / error if error > 0 else float("nan"), "df": float("nan"), "p": max(p, least_p), "n": n,
    }  # fmt: skip
