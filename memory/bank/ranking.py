"""Ranks many entries of which few are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE = 64


def list_largest(values: NDArray[Any]) -> Iterator[int]:
    """Yield the places in `values` (n,) from the largest value to the smallest, of equals the first, NaN at the end.
    All are sorted only where more than the first `PAGE` are asked for."""
    keys = -values
    is_first = keys <= np.partition(keys, PAGE - 1)[PAGE - 1] if len(keys) > PAGE else np.zeros(len(keys), dtype=bool)
    for places in (np.flatnonzero(is_first), np.flatnonzero(~is_first)):
        yield from places[np.argsort(keys[places], kind="stable")].tolist()
