"""Levels of a categorical column as text, also where it holds numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def format_level(value: object) -> str:
    """A value as the name of a level: a whole number that was read as a fraction loses its ".0"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def to_levels(column: pd.Series) -> pd.Series:
    """The column with its values as levels; missing ones stay missing."""
    import pandas as pd

    texts = [None if pd.isna(value) else format_level(value) for value in column]
    return pd.Series(texts, index=column.index, dtype=object, name=column.name)
