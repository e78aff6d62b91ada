from __future__ import annotations

from pelagos.nouns import Direction, Metric
from tools.paired.guards import find_harms

SECONDS = Metric(name="seconds", direction=Direction.DOWN, unit="s", min_effect=2.0)


def values(*seconds: float) -> dict[int, dict[str, float]]:
    return {seed: {"seconds": value} for seed, value in enumerate(seconds)}


def test_worse_by_more_than_allowed() -> None:
    assert find_harms([SECONDS], values(10, 10, 10), values(13, 14, 15)) == [
        "guard seconds is worse by 4 s (allowed 2)",
    ]


def test_better_or_within_what_is_allowed() -> None:
    assert find_harms([SECONDS], values(10, 10), values(11.5, 12.5)) == []
    assert find_harms([SECONDS], values(10, 10), values(1, 1)) == []
    assert find_harms([], values(10), values(99)) == []


def test_not_measured_is_not_harmless() -> None:
    assert find_harms([SECONDS], values(10, 10), {0: {"seconds": 1.0}, 1: {}}) == ["guard seconds wasn't measured"]
