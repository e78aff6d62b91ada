"""Runs work side by side in the context of the thread that asks: for its hypothesis, inside its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_in_parallel(workers: int, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply the function to all items in `workers` threads, each in a copy of this thread's context. Returns the
    results in the order of the items."""
    with ThreadPoolExecutor(workers) as pool:
        return [future.result() for future in [pool.submit(copy_context().run, function, item) for item in items]]
