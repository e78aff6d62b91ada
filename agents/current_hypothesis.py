"""Holds the hypothesis that the current thread works for, so that the fact of a model call can name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
