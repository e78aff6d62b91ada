"""Checks guard metrics, which must not get worse while the main metric gets better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pelagos.nouns import Metric


def find_harms(
    guards: Sequence[Metric],
    baseline: Mapping[int, Mapping[str, float]],
    candidate: Mapping[int, Mapping[str, float]],
) -> list[str]:
    """Return one line per guard that worsened by more than its own least change, on the mean over common seeds.

    A guard that wasn't measured on every common seed counts as harmed, since its change is unknown.
    """
    seeds = [seed for seed in baseline if seed in candidate]
    lines = (_describe_harm(guard, [(baseline[seed], candidate[seed]) for seed in seeds]) for guard in guards)
    return [line for line in lines if line]


def _describe_harm(guard: Metric, pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]) -> str:
    if not all(guard.name in baseline and guard.name in candidate for baseline, candidate in pairs):
        return f"guard {guard.name} wasn't measured"
    effects = [guard.effect(candidate[guard.name], baseline[guard.name]) for baseline, candidate in pairs]
    mean = sum(effects) / len(effects) if effects else 0.0
    if mean >= -guard.min_effect:
        return ""
    return f"guard {guard.name} is worse by {-mean:.4g} {guard.unit}".rstrip() + f" (allowed {guard.min_effect:g})"
