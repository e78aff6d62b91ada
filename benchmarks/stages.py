"""`python -m benchmarks.stages RUN...`: what runs cost and gave, and where their tokens and seconds went, stage by
stage.

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

from memory.ledger.ledger import Event, Ledger
from pelagos.facts.calls import Call, ModelFault
from pelagos.facts.checks import Smoke
from pelagos.facts.ideas import Screened
from pelagos.facts.reader import read, read_row
from pelagos.nouns import Experiment, Verdict

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

    def make_row(self) -> str:
        first = "-" if self.first_verdict is None else f"{self.first_verdict / 60:.1f}"
        tokens = f"{self.tokens / self.judged:.0f}" if self.judged else f"({self.tokens})"
        return (
            f"| {self.name} | {self.minutes:.1f} | {first} | {self.kept} | {self.judged} | "
            f"{60 * self.judged / self.minutes:.1f} | {tokens} |"
        )


def read_run(folder: Path) -> Yield:
    with closing(Ledger.read(folder / "ledger.db")) as ledger:
        events = ledger.events()
        verdicts = {fact.hypothesis: fact for fact in ledger.facts(Verdict).values()}
        kept = sum(fact.kept for fact in ledger.facts(Screened).values())
        tokens = sum(call.cost.tokens for call in ledger.facts(Call).values())
    begun = events[0].at
    scored = [
        event.at for event in events if event.kind == "verdict" and read(Verdict, event.payload).effect is not None
    ]
    return Yield(
        folder.parent.parent.name if folder.name == "r" else folder.name,
        (events[-1].at - begun) / 60,
        kept,
        sum(fact.effect is not None for fact in verdicts.values()),
        tokens,
        min(scored) - begun if scored else None,
        _sum_stages(events),
    )


def _sum_stages(events: Sequence[Event]) -> dict[str, tuple[int, int, float]]:
    sums: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0.0])
    for fact in map(read_row, events):
        if isinstance(fact, ModelFault):  # a call that failed costs, too
            sums[STAGES[fact.role]][1] += fact.cost.tokens
        elif isinstance(fact, Call | Experiment | Smoke):
            stage, tokens = (STAGES[fact.role], fact.cost.tokens) if isinstance(fact, Call) else ("experiments", 0)
            for column, value in enumerate((1, tokens, fact.seconds)):
                sums[stage][column] += value
    return {stage: (calls, tokens, seconds) for stage, (calls, tokens, seconds) in sums.items()}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    runs = [read_run(folder) for folder in parser.parse_args(argv).runs]
    print("| run | minutes | first verdict, min | kept | judged | judged an hour | tokens a judged one |")
    print("|---|---|---|---|---|---|---|", *(run.make_row() for run in runs), sep="\n")
    names = [*STAGES.values(), "experiments"]
    print("\nCalls, tokens and seconds by stage:\n| run |", " | ".join(names), "|")
    print("|---|" + "---|" * len(names))
    for run in runs:
        cells = [run.stages.get(name, (0, 0, 0.0)) for name in names]
        print(f"| {run.name} |", " | ".join(f"{c}, {t}, {s:.0f}" for c, t, s in cells), "|")


if __name__ == "__main__":
    main()
