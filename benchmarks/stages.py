"""`python -m benchmarks.stages RUN...`: what runs cost and gave, and where their tokens and seconds went, stage by stage.

Reads ledgers alone, also those of earlier versions. Judged: a hypothesis whose program ran to a score and has a verdict
on it. Seconds of a stage are those of its model calls; `experiments` are wall clock of executions, smoke runs included.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from memory.ledger import Event, Ledger

STAGES = {"extractor": "survey", "ideator": "ideas", "planner": "plans", "verifier": "scores", "coder": "code"}


class Yield(NamedTuple):
    """One run. `stages`: name -> (calls, tokens, seconds)."""

    name: str
    minutes: float
    kept: int
    judged: int
    tokens: int
    first_verdict: float | None
    stages: dict[str, tuple[int, int, float]]

    def row(self) -> str:
        first = "-" if self.first_verdict is None else f"{self.first_verdict / 60:.1f}"
        tokens = f"{self.tokens / self.judged:.0f}" if self.judged else f"({self.tokens})"
        return (
            f"| {self.name} | {self.minutes:.1f} | {first} | {self.kept} | {self.judged} | "
            f"{60 * self.judged / self.minutes:.1f} | {tokens} |"
        )


def of_run(folder: Path) -> Yield:
    with closing(Ledger.read(folder / "ledger.db")) as ledger:
        events = ledger.events()
    begun = events[0].at
    verdicts = {e.payload["hypothesis"]: e for e in events if e.kind == "verdict"}
    scored = [e.at for e in events if e.kind == "verdict" and e.payload["effect"] is not None]
    return Yield(
        folder.parent.parent.name if folder.name == "r" else folder.name,
        (events[-1].at - begun) / 60,
        sum(bool(e.payload["kept"]) for e in events if e.kind == "screened"),
        sum(e.payload["effect"] is not None for e in verdicts.values()),
        sum(int(e.payload["cost"]["tokens"]) for e in events if e.kind == "model"),
        min(scored) - begun if scored else None,
        _stages(events),
    )


def _stages(events: Sequence[Event]) -> dict[str, tuple[int, int, float]]:
    found: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0.0])
    for event in events:
        if event.kind == "model":
            stage, tokens = STAGES[event.payload["role"]], int(event.payload["cost"]["tokens"])
        elif event.kind == "model.fault" and "cost" in event.payload:  # a call that failed costs, too
            found[STAGES[event.payload["role"]]][1] += int(event.payload["cost"]["tokens"])
            continue
        elif event.kind in {"experiment", "smoke"}:
            stage, tokens = "experiments", 0
        else:
            continue
        for place, value in enumerate((1, tokens, float(event.payload["seconds"]))):
            found[stage][place] += value
    return {stage: (calls, tokens, seconds) for stage, (calls, tokens, seconds) in found.items()}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    runs = [of_run(folder) for folder in parser.parse_args(argv).runs]
    print("| run | minutes | first verdict, min | kept | judged | judged an hour | tokens a judged one |")
    print("|---|---|---|---|---|---|---|", *(run.row() for run in runs), sep="\n")
    names = [*STAGES.values(), "experiments"]
    print("\nCalls, tokens and seconds by stage:\n| run |", " | ".join(names), "|")
    print("|---|" + "---|" * len(names))
    for run in runs:
        cells = [run.stages.get(name, (0, 0, 0.0)) for name in names]
        print(f"| {run.name} |", " | ".join(f"{c}, {t}, {s:.0f}" for c, t, s in cells), "|")


if __name__ == "__main__":
    main()
