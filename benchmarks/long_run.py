"""`python -m benchmarks.long_run`: does a long run stay as quick, as small and as short of words as it began?

A scripted model proposes one new hypothesis after the other on the table toolchain: real graph, ledger, bank, judge and
checkpoints, no thinking. Per hundred hypotheses: seconds a hypothesis, prompt tokens of an idea, resident memory, size of
the checkpoints. At the end: how long the views of such a run take, each in a process of its own, and the report's size.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

from agents.launch import create, drive
from agents.models.protocol import Reply, Request
from memory.ledger import Event
from pelagos.settings import Settings
from tests.agents.scripted import Inventive, ScriptedParts
from tests.toolchains.table import write_task

CHARS_PER_TOKEN = 3.5


class Watch:
    """What is measured at the end of each hypothesis, and of each idea's prompt."""

    def __init__(self, every: int, run: Path) -> None:
        self.run = run
        self.every, self.ended, self.sizes = every, list[float](), list[float]()
        self.memory_mb: list[float] = []

    def __call__(self, event: Event) -> None:
        if event.kind == "lesson":
            self.ended.append(event.at)
            if len(self.ended) % self.every == 0:
                self.memory_mb.append(resident_mb())
                print(self.row(len(self.ended) // self.every - 1), flush=True)

    def row(self, block: int) -> str:
        first, last = block * self.every, (block + 1) * self.every
        ends = self.ended[max(0, first - 1) : last]
        took = [after - before for before, after in pairwise(ends)]
        tokens = self.sizes[first:last]
        return (
            f"| {first + 1} to {last} | {fmean(took):.3f} | {median(took):.3f} | {fmean(tokens):.0f} | {max(tokens):.0f} "
            f"| {self.memory_mb[block]:.0f} | {self.checkpoints_mb():.1f} |"
        )

    def checkpoints_mb(self) -> float:
        return sum(path.stat().st_size for path in self.run.glob("checkpoints*")) / 1e6


class Measured(Inventive):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def complete(self, request: Request, limit: Any) -> Reply:
        if request.role == "ideator":
            self.watch.sizes.append(sum(len(message.content) for message in request.messages) / CHARS_PER_TOKEN)
        reply = super().complete(request, limit)
        self.requests.clear()
        return reply


def resident_mb() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hypotheses", type=int, default=1000)
    parser.add_argument("--every", type=int, default=100)
    args = parser.parse_args(argv)
    print("| hypotheses | s each, mean | s each, median | tokens an idea, mean | most | resident MB | checkpoints MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "runs/r"
        watch = Watch(args.every, run)
        parts = ScriptedParts(Measured(watch))
        settings = Settings(
            loop={"hypotheses": args.hypotheses, "workers": 2},
            judge={"max_seeds": 5},
            screen={"tau": 0.999, "known_tau": 1.1},
            models={"default": "replay:none", "retries": 0},
            literature={"sources": ["corpus"]},
        )
        create(Path(folder), str(write_task(Path(folder) / "table")), settings, run, parts)
        print(drive(run, watch, parts=parts), flush=True)
        show(run)


def show(run: Path) -> None:
    """The views of a run that has ended, and how long the command line takes for nothing."""
    print("\n| command | seconds |\n|---|---|")
    for command in (["--version"], ["status"], ["hypotheses"], ["report"]):
        words = command if command == ["--version"] else [*command, str(run)]
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "app.main", *words], check=True, capture_output=True)
        print(f"| pelagos {command[0]} | {time.perf_counter() - began:.2f} |", flush=True)
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(run.glob("report.*")))
    print(f"\n{sizes}, ledger {(run / 'ledger.db').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
