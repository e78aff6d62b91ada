"""Completes a statistics table (partial correlation, false discovery rate, shown name) and turns it into JSON rows."""

import math
from typing import Any

REQUIRED = ("entity", "effect", "low", "high", "statistic", "df", "p", "n")
ADDED = ("q", "r", "r_low", "r_high")
Z_95 = 1.959963984540054
_TEXT_CHARS = 300


def complete_table(table: Any, data: Any) -> Any:
    """Return a copy of a table with q (Benjamini-Hochberg), r and its Fisher interval where they lack, best p first.

    Raises TypeError for what is no statistics table.
    """
    import pandas as pd

    from tools.statistics.benjamini_hochberg import adjust

    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"a statistics tool returns a DataFrame, not {type(table).__name__}")
    if lacking := [name for name in REQUIRED if name not in table]:
        raise TypeError(f"the statistics table lacks the column {', '.join(lacking)}")
    table = table.reset_index(drop=True).copy()
    table["entity"] = table["entity"].astype(str)
    if "q" not in table:
        table["q"] = adjust(table["p"])
    if "r" not in table:
        correlations = [_correlate(row.statistic, row.df, row.n) for row in table.itertuples()]
        table[["r", "r_low", "r_high"]] = pd.DataFrame(
            correlations, index=table.index, columns=["r", "r_low", "r_high"]
        )
    if "name" in data.var and "name" not in table and table["entity"].isin(data.var_names).any():
        table["name"] = table["entity"].map(data.var["name"].astype(str)).fillna("")
    return table.sort_values("p", kind="stable", na_position="last").reset_index(drop=True)


def to_rows(table: Any) -> list[dict[str, Any]]:
    """Return the rows as the host reads them: numbers that are not finite become null."""
    others = [name for name in table.columns if name not in (*REQUIRED, *ADDED, "members")]
    return [_to_row(row, others) for row in table.to_dict("records")]


def _to_row(row: dict[str, Any], others: list[str]) -> dict[str, Any]:
    numbers = {name: _finite(row.get(name)) for name in (*REQUIRED[1:-1], *ADDED)}
    members = [part for part in str(row.get("members") or "").split(";") if part and part != "nan"]
    extra = {str(name): value for name in others if (value := _plain(row[name])) not in (None, "")}
    return {"entity": row["entity"], **numbers, "n": int(row["n"]), "members": members, "extra": extra}


def _correlate(statistic: float, df: float, n: float) -> tuple[float, float, float]:
    """Partial correlation of a t (with df) or z statistic (df NaN), with its 95 % Fisher interval."""
    if not math.isfinite(statistic):
        return (math.nan, math.nan, math.nan)
    t_like = math.isfinite(df)
    r = statistic / math.sqrt(statistic**2 + df) if t_like else statistic / math.sqrt(max(n, 1))
    r = min(max(r, -1.0), 1.0)
    freedom = (df - 1) if t_like else (n - 3)
    if abs(r) == 1 or freedom <= 0:
        return (r, math.nan, math.nan)
    return (
        r,
        math.tanh(math.atanh(r) - Z_95 / math.sqrt(freedom)),
        math.tanh(math.atanh(r) + Z_95 / math.sqrt(freedom)),
    )


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None


def _plain(value: Any) -> float | str | None:
    if isinstance(value, str):
        return value[:_TEXT_CHARS]
    try:
        return _finite(value)
    except (TypeError, ValueError):
        return str(value)[:_TEXT_CHARS]
