"""Builds design matrices from sample metadata, and refuses designs that can't separate what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

INTERCEPT, TARGET = "intercept", "target"
MAX_LEVELS = 30


def choose_two_groups(obs: pd.DataFrame, group: str, case: str, control: str, least: int = 3) -> pd.Series[float]:
    """Return 1.0 for samples of `case`, 0.0 for `control`, NaN for all others. Raises ValueError where a level is
    missing or has fewer than `least` samples."""
    import numpy as np
    import pandas as pd

    require_columns(obs, [group])
    labels = obs[group].astype("string")
    levels = sorted(labels.dropna().unique())
    for level in (case, control):
        if level not in levels:
            raise ValueError(f"column {group} has no level {level!r}; it has {', '.join(map(repr, levels))}")
        if (count := int((labels == level).sum())) < least:
            raise ValueError(f"level {level!r} of column {group} has {count} samples; at least {least} are needed")
    if case == control:
        raise ValueError(f"case and control are both {case!r}")
    chosen = np.select([labels.eq(case).fillna(False), labels.eq(control).fillna(False)], [1.0, 0.0], default=np.nan)
    return pd.Series(chosen, index=obs.index, name=TARGET)


def build_design(obs: pd.DataFrame, target: pd.Series[float], covariates: Sequence[str]) -> pd.DataFrame:
    """Return the design matrix (samples x columns) of the samples whose target and covariates are all known: the
    columns `target` and `intercept`, numeric covariates, and a dummy for each level but the first of the others. What
    is the same in all of these samples (they are of one batch) is left out: it can't be confounded with the target.

    Raises ValueError where its rank is deficient: the target can't be told from the covariates.
    """
    import pandas as pd

    require_columns(obs, covariates)
    if target.name in covariates:
        raise ValueError(f"{target.name} is both what is asked about and a covariate")
    known = target.notna() & obs[list(covariates)].notna().all(axis=1)
    parts = [_encode(obs.loc[known, name]) for name in covariates]  # the first level is one of these samples
    intercept = pd.Series(1.0, index=obs.index[known], name=INTERCEPT)
    design = pd.concat([target[known].rename(TARGET), intercept, *parts], axis=1)
    design = design.loc[:, [name in (TARGET, INTERCEPT) or design[name].nunique() > 1 for name in design]]
    _require_full_rank(design, covariates)
    return design


def require_columns(obs: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise ValueError for columns that the samples' metadata don't have."""
    if missing := [name for name in names if name not in obs]:
        raise ValueError(f"no column {', '.join(map(repr, missing))} among {', '.join(map(str, obs.columns))}")


def read_numbers(obs: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return a numeric column; raises ValueError for any other, and for one that doesn't vary."""
    import pandas as pd

    require_columns(obs, [name])
    if not pd.api.types.is_numeric_dtype(obs[name]):
        raise ValueError(f"column {name} is not numeric")
    numbers = obs[name].astype(float)
    if numbers.nunique() < 2:
        raise ValueError(f"column {name} has one value only")
    return numbers


def rank_of(matrix: np.ndarray) -> int:
    """The rank of a design whose columns are first brought to one length, so that units don't matter."""
    import numpy as np

    lengths = np.linalg.norm(matrix, axis=0)
    return int(np.linalg.matrix_rank(matrix / np.where(lengths > 0, lengths, 1.0))) if matrix.size else 0


def _encode(column: pd.Series[float]) -> pd.DataFrame:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.astype(float).to_frame()
    labels = column.astype("object")
    if labels.nunique() > MAX_LEVELS:
        raise ValueError(f"covariate {column.name} has {labels.nunique()} levels: is it an id?")
    return pd.get_dummies(labels, prefix=column.name, drop_first=True, dtype=float)


def _require_full_rank(design: pd.DataFrame, covariates: Sequence[str]) -> None:
    if len(design) <= design.shape[1]:
        raise ValueError(f"{len(design)} samples are too few for {design.shape[1]} columns of the design")
    if design[TARGET].nunique() < 2:
        raise ValueError(f"after leaving out samples without {', '.join(covariates)} one group only is left")
    if rank_of(design.to_numpy()) < design.shape[1]:
        raise ValueError(f"the design is rank-deficient: the groups can't be told from {', '.join(covariates)}")
