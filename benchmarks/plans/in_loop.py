"""`python -m benchmarks.plans.in_loop`: does ranking plans pay in the loop, at equal tokens?

Two arms on each task, each in a project of its own, each until the same number of tokens is spent (reading and writing,
of all roles). `ranked`: three plans per hypothesis, and a verifier chooses one. `first`: three plans, and the first is
carried out; what ranking would cost goes into further hypotheses. Written down before the first run: ranking is on by
default for the embedded model only if its share of executed and its share of promising hypotheses are both at least
those of `first`, on both tasks together.

Resumable: a finished run is only read, one that was cut short goes on. The runs' plans are a transfer set:
`python -m benchmarks.plans model-made FOLDER/*/*/runs/*`.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.launch import drive
from agents.setup import run_folder
from agents.setup.create import create
from app.live.board import count_funnel
from app.record import folders
from app.record.record import Record
from pelagos.settings import Settings

TASKS = ("digits", "diabetes")
ARMS: Mapping[str, str] = {"ranked": "direct", "first": "off"}
"""Arm -> the verifier's spec."""
PLANS = 3
HEAD = "| task | arm | tokens | kept | executed | improved | promising | supported |\n|---|---|---|---|---|---|---|---|"
STEPS = ("kept", "executed", "improved", "promising", "supported")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="*", default=TASKS)
    parser.add_argument("--arms", nargs="*", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=30_000, help="of each run")
    parser.add_argument("--model", default="embedded", help="model spec of all roles")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-in-loop"))
    args = parser.parse_args(argv)
    records = {
        (task, arm): run_arm(task, arm, args.folder, make_settings(arm, args.seed, args.tokens, args.model))
        for task, arm in itertools.product(args.tasks, args.arms)
    }
    print(HEAD, *(make_row(task, arm, record) for (task, arm), record in records.items()), sep="\n")
    print(*describe_shares(records), sep="\n")


def make_settings(arm: str, seed: int, tokens: int, model: str) -> Settings:
    settings: dict[str, Any] = {
        "seed": seed,
        "loop": {"plans": PLANS, "hypotheses": tokens},  # tokens are what ends it
        "verifiers": {"kind": ARMS[arm], "share": 1.0},
        "caps": {"tokens": tokens},
        "models": {"default": model},
        "literature": {"sources": ["corpus"]},
    }
    return Settings(**settings)


def run_arm(task: str, arm: str, home: Path, settings: Settings) -> Record:
    """Run one arm on one task to its end and return the run's record."""
    project = home / arm / task
    folder = project / "runs" / f"{task}-{arm}-{settings.seed}"  # the names of runs make ids of plans
    if not (folder / run_folder.FILE).exists():
        project.mkdir(parents=True, exist_ok=True)
        create(project, task, settings, folder)
    print(f"{task}, {arm}: {drive(folder)}", flush=True)
    return folders.read_record(folder)


def make_row(task: str, arm: str, record: Record) -> str:
    counts = count_funnel(record)
    cells = " | ".join(str(getattr(counts, step)) for step in STEPS)
    return f"| {task} | {arm} | {record.spent.tokens:,} | {cells} |"


def describe_shares(records: Mapping[tuple[str, str], Record]) -> list[str]:
    """Return a line for each arm and step: its share of the kept hypotheses of all tasks, with Clopper and Pearson's
    interval of 95 %. Hypotheses of one run learn from one another, so the interval is too short."""
    from statsmodels.stats.proportion import proportion_confint

    lines = []
    for arm, step in itertools.product(ARMS, STEPS[1:]):
        counts = [count_funnel(record) for (_, other), record in records.items() if other == arm]
        kept, reached = sum(one.kept for one in counts), sum(getattr(one, step) for one in counts)
        low, high = proportion_confint(reached, kept, method="beta") if kept else (0.0, 1.0)
        lines.append(f"{arm}, {step}: {reached} of {kept} ({low:.2f} to {high:.2f})")
    return lines


if __name__ == "__main__":
    main()
