"""From the start of a program to its first line: what each sandbox adds. One run, the ways interleaved."""

from __future__ import annotations

import argparse
import contextlib
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.sandbox import arms

LIMIT = 3.0  # bubblewrap at the median, in plain subprocesses
HEAD = "| | median ms | min ms | 90 % ms | times plain (median) |\n| --- | --- | --- | --- | --- |"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--aide", default="", help="a Python that has package aideml")
    parser.add_argument("--image", default="", help="Docker's image, python3 in it; none: this machine's Python")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    with contextlib.ExitStack() as stack:
        boxes, missing = arms.standing()
        ways: dict[str, arms.Arm] = {"plain subprocess": arms.plain}
        ways |= {name: arms.boxed(box) for name, box in boxes.items()}
        if "docker" in boxes:
            ways["docker exec, warm"] = stack.enter_context(arms.warm(chosen.image))
        if chosen.aide:
            ways["AIDE's interpreter (at its end)"] = stack.enter_context(arms.aide(chosen.aide))
        else:
            missing["AIDE's interpreter"] = "needs --aide PYTHON"
        for way in ways.values():
            way()  # once, so that nothing is read from disk for the first time
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(chosen.repeats):
            for name, way in ways.items():
                times[name].append(way())
    print(table(times))
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")
    return 0


def table(times: Mapping[str, Sequence[float]]) -> str:
    """Markdown: a row per way, seconds in `times`; the first row is what the others are compared with."""
    base = statistics.median(next(iter(times.values())))
    rows = [HEAD]
    for name, seconds in times.items():
        middle, ordered = statistics.median(seconds), sorted(seconds)
        numbers = [middle, ordered[0], ordered[int(0.9 * (len(ordered) - 1))]]
        rows.append(f"| {name} | {' | '.join(f'{1000 * one:.0f}' for one in numbers)} | {middle / base:.1f} |")
    repeats = len(next(iter(times.values())))
    rows.append(f"\n{repeats} repeats, interleaved in one run.")
    if "bubblewrap" in times:
        factor = statistics.median(times["bubblewrap"]) / base
        rows.append(f"bubblewrap: {factor:.2f} times the plain subprocess at the median, aim at most {LIMIT:g}.")
    return "\n".join(rows)
