"""Lists what a version did differently from the baseline, as lines for a person. Pure.

An amount that only follows from another one isn't listed: a quarter more optimizer steps bring a quarter more examples
and backward passes. Time and memory vary by chance, so they are listed only if they differ clearly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pelagos.nouns import Signature
from tools.amounts import MIN_SLOWDOWN, SECONDS, STEPS

NO_DIFFERENCE = "nothing measurable differs"
CHANCE = {SECONDS: MIN_SLOWDOWN, "memory in MB": 1.3, "card memory in MB": 1.3}
"""Amounts that vary by chance, and the ratio from which on two of them differ clearly."""
RATIO_TOLERANCE = 0.01  # ratios that differ by less follow from each other
SHARE_PREFIX = "share of "
"""The beginning of the names of amounts that say where something acts."""
RATES, LAST_KIND = "different learning rates", "functions"
FOLLOWS = {
    "examples in training", "forward passes in training", "forward passes outside training", "backward passes",
    RATES, "switches to training", "switches to evaluation",
}  # fmt: skip
MAX_LINES = 16


def list_differences(baseline: Signature, version: Signature) -> list[str]:
    """Return one line per difference, `NO_DIFFERENCE` if there is none; at most `MAX_LINES`, and one that counts the
    rest."""
    lines = [*_compare_amounts(baseline.amounts, version.amounts), *_compare_names(baseline.names, version.names)]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"and {len(lines) - MAX_LINES} differences more"]
    return lines or [NO_DIFFERENCE]


def shorten_lines(lines: Sequence[str], max_chars: int = 200) -> str:
    """Join the lines into one of at most `max_chars` characters."""
    text = "; ".join(lines)
    return text if len(text) <= max_chars else f"{text[: max_chars - 4].rstrip()} ..."


def _sort_key(name: str) -> tuple[bool, bool, bool, str]:
    """Sort steps first, then other amounts, then shares, and last what varies by chance."""
    return name in CHANCE, name.startswith(SHARE_PREFIX), name != STEPS, name


def _compare_amounts(baseline: Mapping[str, float], version: Mapping[str, float]) -> Iterator[str]:
    counted = _has_counts(baseline) and _has_counts(version)
    step_ratio = _ratio(baseline.get(STEPS, 0.0), version.get(STEPS, 0.0))
    single_kind = sum(name.startswith("parameters in ") for name in {**baseline, **version}) < 2
    for name in sorted({**baseline, **version}, key=_sort_key):
        before, now = baseline.get(name, 0.0), version.get(name, 0.0)
        if before == now or (name not in CHANCE and not counted):
            continue
        if name in CHANCE and not _differs_clearly(CHANCE[name], before, now, step_ratio):
            continue
        if (
            name == RATES and min(before, now) <= 1
        ):  # a learning rate that is constant on one side: the line on learning rates says so
            continue
        if name in FOLLOWS and abs(_ratio(before, now) / step_ratio - 1) <= RATIO_TOLERANCE:
            continue
        if not (single_kind and name.startswith("parameters in ")):
            yield f"{name} {_format_number(before)} -> {_format_number(now)}"


def _has_counts(amounts: Mapping[str, float]) -> bool:
    """Whether the program's own counts are there; a program that died early reported none."""
    return bool(set(amounts) - set(CHANCE))


def _ratio(before: float, now: float) -> float:
    return now / before if before > 0 and now > 0 else 1.0


def _differs_clearly(min_ratio: float, before: float, now: float, step_ratio: float) -> bool:
    """Whether an amount differs by more than chance and the number of steps explain."""
    if not before or not now:
        return False
    ratio = now / before
    return max(ratio, 1 / ratio) >= min_ratio and max(ratio / step_ratio, step_ratio / ratio) >= min_ratio


def _compare_names(baseline: Mapping[str, Sequence[str]], version: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if not baseline or not version:
        return
    for kind in sorted({**baseline, **version}, key=lambda kind: (kind == LAST_KIND, kind)):
        gone = [name for name in baseline.get(kind, ()) if name not in version.get(kind, ())]
        new = [name for name in version.get(kind, ()) if name not in baseline.get(kind, ())]
        if kind == "learning rates" and gone and new:
            yield f"learning rates: {', '.join(gone)} -> {', '.join(new)}"
            continue
        for name in new:
            twin = next((old for old in gone if old.partition("(")[0] == name.partition("(")[0]), None)
            if twin is not None:
                gone.remove(twin)
            yield f"{twin} -> {name}" if twin else f"new: {name}"
        yield from (f"gone: {name}" for name in gone)


def _format_number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"
