"""`python -m benchmarks.fidelity`: how many edits run and how many implement their technique, with and without
know-how, of the seeds that both were tried with.

The labels are a reader's (`labels.toml`), written from the changes alone. Edits whose label is missing aren't counted
as labelled. Intervals are Clopper and Pearson's, the comparison is exact over pairs (McNemar)."""

from __future__ import annotations

import argparse
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from scipy.stats import binomtest

from benchmarks.fidelity.cases import HERE
from benchmarks.fidelity.edits import ARMS, read_edits

LABELS = HERE / "labels.toml"
SAID = ("implements", "partly", "doesn't")
Edit = dict[str, Any]
Key = tuple[str, str, str, int]


def main(argv: Sequence[str] | None = None) -> None:
    argparse.ArgumentParser(description=__doc__).parse_args(argv)
    labels = load_labels()
    read = read_edits()
    seeds = {edit["seed"] for edit in read if edit["arm"] == ARMS[1]}
    edits = [{**edit, "label": labels.get(make_key(edit), "")} for edit in read if edit["seed"] in seeds]
    print("| | edits | run | implement | partly | don't |\n|---|---|---|---|---|---|")
    for arm in ARMS:
        _print_row(arm, [edit for edit in edits if edit["arm"] == arm])
    _compare_pairs("run", edits, lambda edit: edit["runs"])
    _compare_pairs("implement", edits, lambda edit: edit["label"] == "implements")
    for field in ("technique", "program"):
        _print_parts(field, edits)


def make_key(edit: Edit) -> Key:
    return edit["technique"], edit["program"], edit["arm"], edit["seed"]


def load_labels() -> dict[Key, str]:
    """Return the reader's label of each edit that runs; an edit that doesn't run implements nothing."""
    entries = tomllib.loads(LABELS.read_text("utf-8"))["label"] if LABELS.exists() else []
    labels = {make_key(entry): entry["says"] for entry in entries}
    assert set(labels.values()) <= set(SAID)
    return labels


def _print_row(arm: str, edits: list[Edit]) -> None:
    total, counts = len(edits), Counter(edit["label"] for edit in edits)
    run = sum(edit["runs"] for edit in edits)
    print(
        f"| {arm} know-how | {total} | {run} {_format_interval(run, total)} | {counts['implements']} "
        f"{_format_interval(counts['implements'], total)} | {counts[SAID[1]]} | {counts[SAID[2]]} |"
    )


def _format_interval(successes: int, total: int) -> str:
    if not total:
        return ""
    interval = binomtest(successes, total).proportion_ci(0.95, "exact")
    return f"({successes / total:.0%}, {interval.low:.0%} to {interval.high:.0%})"


def _compare_pairs(name: str, edits: list[Edit], good: Callable[[Edit], bool]) -> None:
    """Print the comparison over the pairs that both arms have."""
    arms = [
        {(edit["technique"], edit["program"], edit["seed"]): good(edit) for edit in edits if edit["arm"] == arm}
        for arm in ARMS
    ]
    pairs = [(arms[0][case], arms[1][case]) for case in arms[0] if case in arms[1]]
    lost, won = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    print(f"\n{name}: of {len(pairs)} pairs {won} with know-how alone, {lost} without alone; exact p = {p:.3f}")


def _print_parts(field: str, edits: list[Edit]) -> None:
    print(f"\n| {field} | without: edits, run, implement | with: edits, run, implement |\n|---|---|---|")
    for name in dict.fromkeys(edit[field] for edit in edits):
        cells = []
        for arm in ARMS:
            chosen = [edit for edit in edits if edit[field] == name and edit["arm"] == arm]
            cells.append(
                f"{len(chosen)}, {sum(edit['runs'] for edit in chosen)}, {sum(edit['label'] == 'implements' for edit in chosen)}"
            )
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
