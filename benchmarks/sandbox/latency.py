"""Measures what each sandbox adds from the start of a program to its first line, interleaved in one run."""

from __future__ import annotations

import argparse
import contextlib
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.sandbox import arms

LIMIT = 3.0  # bubblewrap at the median, in plain subprocesses
HEAD = "| | median ms | min ms | 90 % ms | times plain (median) |\n| --- | --- | --- | --- | --- |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--aide", default="", help="a Python that has package aideml")
    parser.add_argument("--image", default="", help="Docker's image, python3 in it; none: this machine's Python")
    parser.set_defaults(run=measure)


def measure(chosen: argparse.Namespace) -> int:
    with contextlib.ExitStack() as stack:
        boxes, missing = arms.probe_backends()
        ways: dict[str, arms.Arm] = {"plain subprocess": arms.run_plain}
        ways |= {name: arms.make_boxed(box) for name, box in boxes.items()}
        if "docker" in boxes:
            ways["docker exec, warm"] = stack.enter_context(arms.open_warm(chosen.image))
        if chosen.aide:
            ways["AIDE's interpreter (at its end)"] = stack.enter_context(arms.open_aide(chosen.aide))
        else:
            missing["AIDE's interpreter"] = "needs --aide PYTHON"
        for way in ways.values():
            way()  # once, so that nothing is read from disk for the first time
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(chosen.repeats):
            for name, way in ways.items():
                times[name].append(way())
    print(make_table(times))
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")
    return 0


def make_table(times: Mapping[str, Sequence[float]]) -> str:
    """Return Markdown: a row per way, `times` in seconds; the others are compared with the first."""
    plain_median = statistics.median(next(iter(times.values())))
    rows = [HEAD]
    for name, seconds in times.items():
        median, ordered = statistics.median(seconds), sorted(seconds)
        numbers = [median, ordered[0], ordered[int(0.9 * (len(ordered) - 1))]]
        rows.append(
            f"| {name} | {' | '.join(f'{1000 * number:.0f}' for number in numbers)} | {median / plain_median:.1f} |"
        )
    repeats = len(next(iter(times.values())))
    rows.append(f"\n{repeats} repeats, interleaved in one run.")
    if "bubblewrap" in times:
        factor = statistics.median(times["bubblewrap"]) / plain_median
        rows.append(f"bubblewrap: {factor:.2f} times the plain subprocess at the median, aim at most {LIMIT:g}.")
    return "\n".join(rows)
