"""Finds the version of a hypothesis that its results, its lesson and decisions on it are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pelagos.nouns import Build, Experiment, Verdict


def find_judged_version(
    verdict: Verdict | None, builds: Sequence[Build], find_experiment: Callable[[str], Experiment | None]
) -> str | None:
    """Return the version that the newest verdict is about, else the newest that was built; None if there is none."""
    judged_experiment = find_experiment(verdict.evidence[0]) if verdict and verdict.evidence else None
    if judged_experiment is not None:
        return judged_experiment.version
    return next((build.version for build in reversed(builds) if build.version), None)
