"""Samples that cells come from: their metadata, and the mean of their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.statistics.design import require_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def describe_samples(obs: pd.DataFrame, sample: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the metadata of every sample. Raises ValueError for a column that varies within a sample."""
    require_columns(obs, [sample, *columns])
    groups = obs.groupby(obs[sample].astype(str))
    for column in columns:
        if (groups[column].nunique() > 1).any():
            raise ValueError(f"column {column} varies within a {sample}: it does not describe samples")
    return groups[list(columns)].first() if columns else groups.first()[[]]
