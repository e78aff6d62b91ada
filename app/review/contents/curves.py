"""Learning curves, found in what programs print: the program's own words, from which no score is made.

A line counts where it has a counter and numbers with names: `epoch 3 loss 0.51 acc 0.8`, `step=10, loss=1.2e-3`,
`[7] train-rmse:0.4`, or a JSON object of one line. A series is a name whose counter rises.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from markupsafe import Markup

from app.review.drawings.curves_plot import Curve, draw_curves
from memory.artifacts import ArtifactStore
from pelagos.errors import PelagosError
from pelagos.nouns import Experiment

COUNTERS = ("epoch", "step", "iter", "iteration", "round", "batch", "it")
MOST_LOG_CHARS, MOST_LINES, MOST_LINE_CHARS, MOST_SEEDS = 400_000, 20_000, 600, 6
MOST_SERIES, MOST_POINTS, LEAST_POINTS = 4, 300, 3
_NAMED = re.compile(
    r"([A-Za-z_][\w./@-]{0,40}?)\s{0,3}[:=]?\s{0,3}([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)(?![\w.])"
)
_BRACKETED = re.compile(r"^\s*\[\s*(\d{1,12})\s*\]")

Points = list[tuple[float, float]]


def find_curves(log: str) -> dict[str, Points]:
    """Return name -> (counter, value) of each series of at least LEAST_POINTS finite values, in the order of their
    first line; at most MOST_SERIES of at most MOST_POINTS each."""
    found: dict[str, Points] = {}
    for line in islice(log.splitlines(), MOST_LINES):
        numbers = _read_line(line[:MOST_LINE_CHARS])
        counter = next((name for name in COUNTERS if name in numbers), None)
        if counter is None:
            continue
        for name, value in numbers.items():
            points = found.setdefault(name, [])
            if name not in COUNTERS and (not points or numbers[counter] > points[-1][0]):
                points.append((numbers[counter], value))
    whole = {name: points for name, points in found.items() if len(points) >= LEAST_POINTS}
    return {name: _thin(points) for name, points in islice(whole.items(), MOST_SERIES)}


def _read_line(line: str) -> Mapping[str, float]:
    """Return name -> number, with the names of counters in small letters."""
    pairs = _read_object(line) if line.lstrip().startswith("{") else _read_text(line)
    numbers: dict[str, float] = {}
    for name, value in pairs:
        if math.isfinite(value):
            numbers.setdefault(name.lower() if name.lower() in COUNTERS else name, value)
    return numbers


def _read_object(line: str) -> Iterator[tuple[str, float]]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return
    for name, value in read.items() if isinstance(read, dict) else ():
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            yield name[:40], float(value)


def _read_text(line: str) -> Iterator[tuple[str, float]]:
    if bracketed := _BRACKETED.match(line):
        yield "round", float(bracketed[1])
    for name, value in _NAMED.findall(line):
        yield name, float(value)


def _thin(points: Points) -> Points:
    """Return at most MOST_POINTS of the points, evenly, the last one among them."""
    if len(points) <= MOST_POINTS:
        return points
    share = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(number * share)] for number in range(MOST_POINTS)]


@lru_cache(maxsize=256)
def read_curves(artifacts: Path, digest: str) -> dict[str, Points]:
    """Return the curves of a stored log, {} where it can't be read. Its content never changes, so it is read once."""
    try:
        return find_curves(ArtifactStore(artifacts).text(digest)[:MOST_LOG_CHARS])
    except PelagosError:  # the list of experiments links to the log, which says what is wrong with it
        return {}


def draw_all_curves(artifacts: Path, own: Sequence[Experiment], baseline: Sequence[Experiment]) -> list[Markup]:
    """Return a plot of each name in the logs of the version, with the baseline's curves of that name beside."""
    read = [
        (each.seed, is_own, read_curves(artifacts, each.files["log"]))
        for experiments, is_own in ((own, True), (baseline, False))
        for each in [each for each in experiments if "log" in each.files][:MOST_SEEDS]
    ]
    names = dict.fromkeys(name for _, is_own, curves in read if is_own for name in curves)
    return [
        draw_curves(name, [Curve(seed, curves[name], is_own) for seed, is_own, curves in read if name in curves])
        for name in islice(names, MOST_SERIES)
    ]
