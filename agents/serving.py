"""Which hypothesis the current thread works for, so that a model call's fact can name it."""

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
def serving(hypothesis: str) -> Iterator[None]:
    """For as long as this lasts, what this thread does is done for `hypothesis`; "" for none."""
    token = _HYPOTHESIS.set(hypothesis)
    try:
        yield
    finally:
        _HYPOTHESIS.reset(token)


def served() -> str:
    """The hypothesis that this thread works for, "" where there is none."""
    return _HYPOTHESIS.get()


def in_parallel(workers: int, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results in order, made by `workers` threads that work for the same hypothesis as this one."""
    with ThreadPoolExecutor(workers) as pool:
        return [one.result() for one in [pool.submit(copy_context().run, function, item) for item in items]]
