"""One-pass heads: every way in turn, problem after problem, with one model in one process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.scorer import CheckpointVerifier
from agents.verifiers.protocol import Solution, Verifier
from benchmarks.verifiers.throughput.measure import compare_ratios, count_embedded
from benchmarks.verifiers.throughput.random_models import LAYOUT, SAVE, make_tokenizer
from benchmarks.verifiers.throughput.ways import OURS, Way

AIM, AGREE = 5.0, 1e-4
"""Tokens computed by a call a step, times ours, written down before it was measured; most that scores may differ."""
HEAD = (
    "| head | scored by | tokens computed a problem | tokens, times ours (least of a problem) | time, times ours (95 %) "
    "| plans a second | scores differ by at most |\n|---|---|---|---|---|---|---|"
)


@dataclass
class Measured:
    """One value per problem; `differences` are the largest of its scores to those of one pass."""

    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)


def open_heads(folder: Path) -> Iterator[tuple[str, Verifier]]:
    """Yield the kinds of heads with a verifier that reads a random one."""
    tokenizer = make_tokenizer()
    for kind, save in SAVE.items():
        checkpoint = Checkpoint(f"random/{kind}", layouts()[LAYOUT[kind]])
        yield kind, CheckpointVerifier(checkpoint, save(folder / kind, tokenizer))


def measure_ways(
    verifier: Verifier, ways: Mapping[str, Way], problems: Sequence[Sequence[Solution]]
) -> dict[str, Measured]:
    """Score each problem by every way, in an order that moves on by one."""
    measured = {name: Measured() for name in ways}
    for turn, plans in enumerate(problems):
        found = {}
        for name in _turn(list(ways), turn):
            with count_embedded() as read:
                start = time.perf_counter()
                found[name] = ways[name](verifier, plans)
                measured[name].seconds.append(time.perf_counter() - start)
            measured[name].tokens.append(sum(read))
        for name, scores in found.items():
            measured[name].differences.append(_distance(scores, found[OURS]))
    return measured


def make_rows(kind: str, measured: Mapping[str, Measured], candidates: int) -> Iterator[str]:
    ours = measured[OURS]
    for name, each in measured.items():
        least = min(other / own for other, own in zip(each.tokens, ours.tokens, strict=True))
        speed = f"{candidates / median(each.seconds):.1f}"
        cells = [kind, name, f"{sum(each.tokens) / len(each.tokens):,.0f}"]
        if name == OURS:
            cells += ["1", "1", speed, ""]
        else:
            ratio = sum(each.tokens) / sum(ours.tokens)
            time_ratio = compare_ratios(each.seconds, ours.seconds).told()
            cells += [f"{ratio:.2f} ({least:.2f})", time_ratio, speed, f"{max(each.differences):.0e}"]
        yield f"| {' | '.join(cells)} |"


def meets_aim(measured: Mapping[str, Measured], compared: str) -> bool:
    """Say whether one pass computed at most 1 / AIM of the tokens of the way `compared`."""
    return sum(measured[compared].tokens) >= AIM * sum(measured[OURS].tokens)


def find_disagreement(measured: Mapping[str, Measured], compared: Sequence[str]) -> list[str]:
    """Return the ways among `compared` whose scores differ from those of one pass."""
    return [name for name in compared if max(measured[name].differences) > AGREE]


def _turn(names: list[str], turn: int) -> list[str]:
    first = turn % len(names)
    return names[first:] + names[:first]


def _distance(found: Sequence[Sequence[float]], expected: Sequence[Sequence[float]]) -> float:
    """The largest difference of two scores of the same step."""
    pairs = (pair for one, other in zip(found, expected, strict=True) for pair in zip(one, other, strict=True))
    return max(abs(one - other) for one, other in pairs)
