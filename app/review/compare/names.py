"""Names of what is compared: RUN, or RUN/HYPOTHESIS."""

from __future__ import annotations

from collections.abc import Collection


def split_name(name: str, runs: Collection[str]) -> tuple[str, str]:
    """Return the run and the hypothesis ("" where `name` is a run). A run's own name may hold slashes."""
    if name in runs:
        return name, ""
    run, _, hypothesis = name.rpartition("/")
    return (run, hypothesis) if run else (hypothesis, "")
