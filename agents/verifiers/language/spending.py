"""Measures what scoring spends on model calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from agents.models.meter import metered
from agents.verifiers.protocol import Usage

T = TypeVar("T")


def with_usage(work: Callable[[], T]) -> tuple[T, Usage]:
    """Return what `work` returns, with the tokens of the calls that it made and its seconds."""
    start = time.monotonic()
    with metered() as spent:
        result = work()
    return result, Usage(read=spent.read, written=spent.written, seconds=time.monotonic() - start)
