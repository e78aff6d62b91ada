"""`python -m benchmarks.analysis.null_control`: what the whole loop supports where there is nothing, and what was planted.

The task's group is permuted within the batch, by ten fixed seeds; each gets a run of its own: real graph, toolchain,
sandbox, judge and audit, and a planner that never answers, so that the toolchain takes its own fixed order. Whatever is
supported is false. Then the planted control: the same with +1 log2 in the cases for five proteins of one set.

Resumable: each run is a run folder below `--folder`, and an ended one is only read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from agents.launch import drive
from agents.models.protocol import Request
from agents.setup import run_folder
from agents.setup.create import create
from benchmarks.analysis.altered import Plant, fix_secret, write_altered
from benchmarks.judging.by_hand import Confined
from memory.ledger.ledger import Ledger
from pelagos.nouns import Claim, Verdict, VerdictKind
from pelagos.settings import Settings
from tests.agents.scripted import Small
from tools.analysis.planning.records import Proposed

SOURCE, SEEDS, HYPOTHESES, PLANT_FILE = "ad-csf", range(10), 4, "plant.json"
HEAD = "| run | hypotheses | promising on validation data | tested on sealed data | supported |\n|---|---|---|---|---|"


class Silent(Small):
    """The cheap planner: no reply of it can be used, so everything goes by the fixed order."""

    def say(self, request: Request) -> str:
        return ""


class Judged(NamedTuple):
    """A hypothesis of a run: what it is about, its direction, all the verdicts that it got, and whether it was tested on
    sealed data."""

    title: str
    entities: Sequence[str]
    direction: str
    verdicts: Sequence[VerdictKind]
    tested: bool = False

    @property
    def supported(self) -> bool:
        return bool(self.verdicts) and self.verdicts[-1] is VerdictKind.SUPPORTED


def run_altered(folder: Path, seed: int, planted: bool, hypotheses: int, source: str) -> Plant | None:
    """Drive the run of one altered task to its end, or go on with it. Return what was planted."""
    project, task = folder / "project", folder / "task"
    kept = folder / PLANT_FILE
    if not (task / "task.yaml").exists():
        plant = write_altered(source, task, seed, planted)
        kept.write_text(json.dumps(asdict(plant) if plant else None))
    fix_secret(project, seed)
    run, assembly = project / "runs" / "run", Confined(Silent())
    if not (run / run_folder.FILE).exists():
        create(project, str(task), make_settings(hypotheses), run, assembly)
    drive(run, assembly=assembly)
    read = json.loads(kept.read_text())
    return Plant(**read) if read else None


def make_settings(hypotheses: int) -> Settings:
    loop = {"hypotheses": hypotheses, "workers": 1, "lanes": 1}
    models = {"default": "replay:none", "retries": 0}
    return Settings(loop=loop, models=models, literature={"sources": ["corpus"]})


def read_judged(folder: Path) -> list[Judged]:
    with closing(Ledger.open(folder / "project" / "runs" / "run" / run_folder.LEDGER)) as ledger:
        proposed, verdicts = ledger.facts(Proposed), list(ledger.facts(Verdict).values())
        tested = {claim.hypothesis for claim in ledger.facts(Claim).values()}
    return [
        Judged(
            fact.finding.title,
            [fact.finding.entity, *fact.finding.entities],
            fact.finding.direction,
            [verdict.kind for verdict in verdicts if verdict.hypothesis == id],
            id in tested,
        )
        for id, fact in proposed.items()
        if fact.finding is not None
    ]


def count(name: str, judged: Sequence[Judged]) -> str:
    promising = sum(VerdictKind.PROMISING in each.verdicts for each in judged)
    tested = sum(each.tested for each in judged)
    return f"| {name} | {len(judged)} | {promising} | {tested} | {sum(each.supported for each in judged)} |"


def describe_plant(plant: Plant, judged: Sequence[Judged]) -> Iterator[str]:
    """Say what of the plant was found, in which direction, and what else was supported."""
    sought = {plant.set, *plant.features, *plant.features.values()}
    supported = [each for each in judged if each.supported]
    hits = [each for each in supported if sought & set(each.entities)]
    right = [each for each in hits if each.direction == "up"]
    yield f"planted: +1 log2 in {', '.join(plant.features)} of {plant.set}"
    yield f"supported: {len(supported)}; about the plant: {len(hits)}; of these in the right direction: {len(right)}"
    yield from (f"- {each.title}: {', '.join(each.verdicts)}" for each in judged)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default=SOURCE)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--hypotheses", type=int, default=HYPOTHESES)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-analysis"))
    options = parser.parse_args(argv)
    every: list[Judged] = []
    print(HEAD)
    for seed in options.seeds:
        folder = options.folder / f"null-{seed}"
        run_altered(folder, seed, False, options.hypotheses, options.task)
        judged = read_judged(folder)
        every += judged
        print(count(f"null, seed {seed}", judged), flush=True)
    print(count("all null runs", every))
    folder = options.folder / "planted-0"
    plant = run_altered(folder, 0, True, options.hypotheses, options.task)
    assert plant is not None
    print(count("planted", read_judged(folder)), "", *describe_plant(plant, read_judged(folder)), sep="\n")


if __name__ == "__main__":
    main()
