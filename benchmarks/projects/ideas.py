"""`python -m benchmarks.projects.ideas`: do ideas for a project of one's own differ from each other?

Each project gets four ideas of the embedded model, one after the other, as its lane asks for them; nothing is built. Two
ideas are one at and above the embedder's threshold, as screening decides, and where they name one technique, as a
reader of the printed titles can see.
"""

from __future__ import annotations

import argparse
import shutil
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from agents import folder as run_folder
from agents.launch import create
from agents.nodes.baseline import baseline
from agents.nodes.ideate import ideate
from agents.nodes.survey import survey
from agents.parts import Parts, assembled
from agents.run import Run
from agents.state import initial, lane_of
from benchmarks.projects import data
from memory.ledger import Ledger
from pelagos.nouns import Hypothesis
from pelagos.settings import Settings

HERE = Path(__file__).parent
PROJECTS = {"churn": data.churn, "demand": data.demand, "defects": data.defects}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-projects"))
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--ideas", type=int, default=4)
    args = parser.parse_args(argv)
    differ = total = 0
    for name in PROJECTS:
        found = ideas(name, args.folder, args.model, args.ideas)
        differ, total = differ + found, total + args.ideas
    print(f"\n{differ} of {total} proposals differ from every earlier one of their project.")


def ideas(name: str, folder: Path, model: str, count: int) -> int:
    """How many of the project's ideas differ from all before."""
    task = folder / name
    if not task.exists():
        shutil.copytree(HERE / name, task)
        data.write(PROJECTS[name](), task / "data.csv")
    where = folder / "runs" / name
    if not where.exists():
        settings = Settings(models={"default": model}, literature={"sources": ["corpus"]})
        create(folder, str(task), settings, where)
    with (
        closing(Ledger.open(where / run_folder.LEDGER)) as ledger,
        assembled(where, run_folder.read(where), ledger, threading.Event(), Parts()) as run,
    ):
        run.toolchain.prepare(run.task, run)
        baseline(initial(), run)
        survey(initial(), run)
        return _different(name, _proposed(count, run), run)


def _proposed(count: int, run: Run) -> list[Hypothesis]:
    lane = lane_of(initial(), 0)
    while len(run.nouns(Hypothesis)) < count and lane["number"] < 3 * count:
        lane = {**lane, **ideate(lane, run)}  # type: ignore[typeddict-item]
    return run.nouns(Hypothesis)[:count]


def _different(name: str, proposed: Sequence[Hypothesis], run: Run) -> int:
    vectors = run.embedder.embed([f"{one.title}. {one.statement}" for one in proposed])
    likeness = np.tril(vectors @ vectors.T, -1).max(axis=1)
    print(f"\n{name}")
    for one, near in zip(proposed, likeness, strict=True):
        print(
            f"  {'new   ' if near < run.embedder.tau else 'repeat'} {near:.2f}  {one.title} [{one.target}] ({one.papers})"
        )
    return int((likeness < run.embedder.tau).sum())


if __name__ == "__main__":
    main()
