"""Columns of a plain table: a variable is a feature (numeric column) or a column of the metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.statistics.design import MAX_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData


def read_variable(data: AnnData, name: str) -> pd.Series[Any]:
    """Return a feature or a metadata column. A name that is both is the feature. Raises ValueError."""
    import numpy as np
    import pandas as pd

    if name in data.var_names:
        values = data[:, name].X
        dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
        return pd.Series(dense.ravel().astype(float), index=data.obs_names, name=name)
    if name in data.obs:
        return data.obs[name]
    raise ValueError(f"no column {name!r} in the table")


def read_numeric(data: AnnData, name: str) -> pd.Series[float]:
    """Return a numeric variable with two values or more. Two text levels are no numbers. Raises ValueError."""
    import pandas as pd

    column = read_variable(data, name)
    if not pd.api.types.is_numeric_dtype(column):
        raise ValueError(f"column {name} is not numeric")
    numbers = column.astype(float)
    if numbers.nunique() < 2:
        raise ValueError(f"column {name} has one value only")
    return numbers


def read_frame(data: AnnData, names: Sequence[str]) -> pd.DataFrame:
    """Return several variables, for covariates."""
    import pandas as pd

    if not names:
        return pd.DataFrame(index=data.obs_names)
    return pd.concat([read_variable(data, name) for name in dict.fromkeys(names)], axis=1)


def choose_level(data: AnnData, name: str, level: str | None) -> pd.Series[float]:
    """Return 1.0 where a variable has `level`, 0.0 where it has another, NaN where it is missing. Without a level the
    variable must have two: the larger (or later) one counts. Raises ValueError."""
    import pandas as pd

    column = read_variable(data, name)
    known = column.dropna()
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        known = known.map(lambda number: f"{number:g}")
    labels = known.astype(str)
    levels = sorted(labels.unique())
    if level is None and len(levels) != 2:
        raise ValueError(f"column {name} has {len(levels)} levels, not two: name the level that counts as 1")
    chosen = levels[-1] if level is None else level
    if chosen not in levels or len(levels) < 2:
        raise ValueError(
            f"column {name} has no level {chosen!r} beside others; it has {', '.join(levels[:MAX_LEVELS])}"
        )
    return (labels == chosen).astype(float).reindex(column.index)
