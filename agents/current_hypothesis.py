"""Holds the hypothesis that the current thread works for, so that the fact of a model call can name it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_HYPOTHESIS: ContextVar[str] = ContextVar("hypothesis", default="")


@contextmanager
def working_for(hypothesis: str) -> Iterator[None]:
    """While this context is open, this thread works for `hypothesis`; "" means none."""
    token = _HYPOTHESIS.set(hypothesis)
    try:
        yield
    finally:
        _HYPOTHESIS.reset(token)


def current_hypothesis() -> str:
    """Return the hypothesis that this thread works for, "" if there is none."""
    return _HYPOTHESIS.get()


def map_in_parallel(workers: int, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply the function to all items in `workers` threads, which work for this thread's hypothesis. Returns the
    results in the order of the items."""
    with ThreadPoolExecutor(workers) as pool:
        return [future.result() for future in [pool.submit(copy_context().run, function, item) for item in items]]
