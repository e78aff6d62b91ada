"""Decides how many hypotheses a run has in work at a time."""

from __future__ import annotations

from pelagos.settings import Settings

TOKENS_PER_HYPOTHESIS = 10_000
"""Read and written, with the ideas that are thrown out before it. From runs of a model of 1.5 billion parameters on the
shipped tasks (docs/benchmarks.md, "Lanes under a cap on tokens")."""
HYPOTHESES_PER_LANE = 4
"""A lane loses half a hypothesis on average where the cap ends it: an eighth of its tokens."""


def count_lanes(settings: Settings, slots: int) -> int:
    """Return the setting, else `slots`, the number of requests that the models answer at a time.

    Each lane has a hypothesis in work when the cap on tokens is reached, and these are cut short. So there is only one
    lane for every `HYPOTHESES_PER_LANE` that the cap suffices for.
    """
    tokens = settings.caps.tokens
    paid_for = slots if tokens is None else max(1, tokens // (HYPOTHESES_PER_LANE * TOKENS_PER_HYPOTHESIS))
    return settings.loop.lanes or min(slots, paid_for)
