"""`python -m benchmarks.long_run`: does a long run stay as quick, as small and as short of words as it began?

A scripted model proposes one new hypothesis after the other on the table toolchain: real graph, ledger, bank, judge and
checkpoints, no thinking. Per hundred hypotheses: seconds a hypothesis, prompt tokens of an idea, resident memory.
"""

from __future__ import annotations

import argparse
import tempfile
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

    def __init__(self, every: int) -> None:
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
            f"| {self.memory_mb[block]:.0f} |"
        )


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
    watch = Watch(args.every)
    print("| hypotheses | s each, mean | s each, median | tokens an idea, mean | most | resident MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        parts = ScriptedParts(Measured(watch))
        settings = Settings(
            loop={"hypotheses": args.hypotheses, "workers": 2},
            judge={"max_seeds": 5},
            screen={"tau": 0.999, "known_tau": 1.1},
            models={"default": "replay:none", "retries": 0},
            literature={"sources": ["corpus"]},
        )
        run = create(Path(folder), str(write_task(Path(folder) / "table")), settings, Path(folder) / "runs/r", parts)
        print(drive(run, watch, parts=parts))


if __name__ == "__main__":
    main()
