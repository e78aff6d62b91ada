"""Collects what a version accessed outside its own folders, as the hook inside reported it, except what the baseline
accesses as well."""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.nouns import Experiment
from sandbox.border.report import stored_signs
from tools.code.execution.execution import ACCESS_FILE
from tools.toolchain import Context


def collect_access_findings(
    version_runs: Sequence[Experiment], baseline_runs: Sequence[Experiment], context: Context
) -> list[str]:
    """One finding per line, sorted."""
    version_access, baseline_access = (
        {finding for experiment in runs for finding in _load_findings(experiment, context)}
        for runs in (version_runs, baseline_runs)
    )
    return [f"while it ran it {finding}" for finding in sorted(version_access - baseline_access)]


def _load_findings(experiment: Experiment, context: Context) -> list[str]:
    return stored_signs(context.artifacts.get(experiment.files[ACCESS_FILE])) if ACCESS_FILE in experiment.files else []
