"""What runs touched outside their own places, as the hook inside saw it; without what the baseline touches too."""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.nouns import Experiment
from sandbox.border.report import stored_signs
from tools.code.execution import SIGNS_FILE
from tools.toolchain import Context


def signs(runs: Sequence[Experiment], usual: Sequence[Experiment], context: Context) -> list[str]:
    """`runs` of the version, `usual` of the baseline."""
    seen, known = ({sign for run in some for sign in _of(run, context)} for some in (runs, usual))
    return [f"while it ran it {sign}" for sign in sorted(seen - known)]


def _of(run: Experiment, context: Context) -> list[str]:
    return stored_signs(context.artifacts.get(run.files[SIGNS_FILE])) if SIGNS_FILE in run.files else []
