"""Survival: a Cox model per protein with covariates, and Kaplan-Meier curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tools.statistics.design import INTERCEPT, TARGET, build_design, read_numbers, require_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

_TIME, _EVENT = "time of follow-up", "event happened"


def survival_association(
    data: AnnData,
    time: Annotated[str, "time"],
    event: Annotated[str, "event"],
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    features: Annotated[list[str], "feature"] = (),  # type: ignore[assignment]
    least_events: int = 10,
) -> pd.DataFrame:
    """Relate every protein (or those of `features`) to survival by a Cox model with covariates.

    The effect is the log hazard ratio per log2 unit: above 0, more of the protein goes with earlier events. No cut
    point is searched. `event` is 1 where it happened and 0 where the follow-up ended.

    Relation: feature ~ survival
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 600
    Library: lifelines
    """
    import numpy as np
    import pandas as pd

    outcome = read_outcome(data.obs, time, event)
    design = build_design(data.obs, outcome[_TIME].rename(TARGET), covariates).drop(columns=[TARGET, INTERCEPT])
    if unknown := [name for name in features if name not in data.var_names]:
        raise ValueError(f"no feature {', '.join(unknown[:5])} in the data")
    names = list(features) or list(data.var_names)
    frame = pd.concat([outcome.loc[design.index], design], axis=1)
    values = np.asarray(data[design.index, names].X, dtype=float)
    rows = [_fit_cox(name, column, frame, least_events) for name, column in zip(names, values.T, strict=True)]
    table = pd.DataFrame(rows).assign(unit="log hazard ratio per log2")
    table.attrs |= {"time": time, "event": event}
    return table


def read_outcome(obs: pd.DataFrame, time: str, event: str) -> pd.DataFrame:
    """Return the times and events that are known. Raises ValueError for negative times and events other than 0, 1."""
    import pandas as pd

    require_columns(obs, [time, event])
    times = read_numbers(obs, time)
    if (times < 0).any():
        raise ValueError(f"column {time} has negative times")
    events = pd.to_numeric(obs[event].astype("object"), errors="coerce")
    if events.notna().sum() < obs[event].notna().sum() or not set(events.dropna()) <= {0, 1}:
        raise ValueError(f"column {event} must hold 1 (happened) and 0 (follow-up ended)")
    return pd.DataFrame({_TIME: times, _EVENT: events.astype(float)}).dropna()


def _fit_cox(name: str, values: np.ndarray, frame: pd.DataFrame, least_events: int) -> dict[str, Any]:
    import numpy as np
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    measured = np.isfinite(values)
    used = frame[measured].assign(**{TARGET: values[measured]})
    used = used.loc[:, [column for column in used if column in (_TIME, _EVENT, TARGET) or used[column].nunique() > 1]]
    events = int(used[_EVENT].sum())
    if events < least_events or used[TARGET].nunique() < 2:
        return _untested(
            name, len(used), f"{events} events, fewer than {least_events}" if events < least_events else "constant"
        )
    try:
        row = CoxPHFitter().fit(used, _TIME, _EVENT).summary.loc[TARGET]
    except (ConvergenceError, np.linalg.LinAlgError):
        return _untested(name, len(used), "the model doesn't converge")
    return {
        "entity": name, "effect": row["coef"], "low": row["coef lower 95%"], "high": row["coef upper 95%"],
        "statistic": row["z"], "df": np.nan, "p": row["p"], "n": len(used), "events": events, "untested": "",
    }  # fmt: skip


def _untested(name: str, n: int, reason: str) -> dict[str, Any]:
    nan = float("nan")
    return {
        "entity": name, "effect": nan, "low": nan, "high": nan, "statistic": nan, "df": nan, "p": nan, "n": n,
        "events": nan, "untested": reason,
    }  # fmt: skip


def survival_by_group(
    data: AnnData,
    group: Annotated[str, "group"],
    time: Annotated[str, "time"],
    event: Annotated[str, "event"],
) -> tuple[pd.DataFrame, Figure]:
    """Compare the survival of the levels of a group by the log-rank test, with Kaplan-Meier curves.

    The effect is the median survival time of the level, nan where half of it survives; p is of all levels together.

    Relation: feature ~ survival
    Produces: statistics
    Seconds: 30
    Library: lifelines
    """
    import numpy as np
    import pandas as pd
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    outcome = read_outcome(data.obs, time, event)
    require_columns(data.obs, [group])
    labels = data.obs[group].loc[outcome.index].astype("string").dropna()
    outcome = outcome.loc[labels.index]
    if labels.nunique() < 2:
        raise ValueError(f"column {group} has one level only among the samples with a follow-up")
    test = multivariate_logrank_test(outcome[_TIME], labels, outcome[_EVENT])
    curves = {
        str(level): KaplanMeierFitter(label=f"{level} (n = {len(part)})").fit(part[_TIME], part[_EVENT])
        for level, part in outcome.groupby(labels)
    }
    table = pd.DataFrame({
        "entity": list(curves), "effect": [_finite(curve.median_survival_time_) for curve in curves.values()],
        "low": np.nan, "high": np.nan, "statistic": np.nan, "df": np.nan, "p": test.p_value,
        "n": [int((labels == level).sum()) for level in curves], "chi2": test.test_statistic,
    })  # fmt: skip
    return table, draw_curves(list(curves.values()), f"log-rank p {test.p_value:.2g}", time)


def draw_survival_association(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw Kaplan-Meier curves of the protein with the smallest p: samples above and up to its median."""
    import numpy as np
    from lifelines import KaplanMeierFitter

    outcome = read_outcome(data.obs, table.attrs["time"], table.attrs["event"])
    best = str(table["entity"].iloc[0])
    values = data[outcome.index].to_df()[best].dropna()
    outcome = outcome.loc[values.index]
    parts = {"above the median": values > np.median(values), "up to the median": values <= np.median(values)}
    curves = [
        KaplanMeierFitter(label=f"{label} (n = {chosen.sum()})").fit(outcome[_TIME][chosen], outcome[_EVENT][chosen])
        for label, chosen in parts.items()
        if chosen.any()
    ]
    name = data.var["name"].astype(str).get(best, best) if "name" in data.var else best
    return draw_curves(curves, f"{name}: Cox p {table['p'].iloc[0]:.2g}", table.attrs["time"])


def draw_curves(curves: Sequence[Any], title: str, time: str) -> Figure:
    """Kaplan-Meier curves with their 95 % intervals."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4.5))
    for curve in curves:
        curve.plot_survival_function(ax=axes, ci_alpha=0.15)
    axes.set(ylim=(0, 1.02), xlabel=time, ylabel="share without the event", title=title)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _finite(value: float) -> float:
    import numpy as np

    return float(value) if np.isfinite(value) else float("nan")
