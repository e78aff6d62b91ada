"""`python -m benchmarks.projects.ideas`: do ideas for a project of one's own differ from each other?

Each project gets four ideas of the embedded model, one after the other, as its lane asks for them; nothing is built.
Two ideas are one at and above the embedder's threshold, as screening decides, and where they name one technique, as a
reader of the printed titles can see."""

from __future__ import annotations

import argparse
import shutil
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from agents.nodes.baseline import baseline
from agents.nodes.ideate import ideate
from agents.nodes.survey import survey
from agents.run import Run
from agents.setup import run_folder
from agents.setup.assembly import Assembly, assemble
from agents.setup.create import create
from agents.state import make_initial_state, open_lane
from benchmarks.projects import data
from memory.ledger.ledger import Ledger
from pelagos.nouns import Hypothesis
from pelagos.settings import Settings

HERE = Path(__file__).parent
PROJECTS = {"churn": data.draw_churn, "demand": data.draw_demand, "defects": data.draw_defects}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-projects"))
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--ideas", type=int, default=4)
    args = parser.parse_args(argv)
    new_total = total = 0
    for name in PROJECTS:
        new = count_new_ideas(name, args.folder, args.model, args.ideas)
        new_total, total = new_total + new, total + args.ideas
    print(f"\n{new_total} of {total} proposals differ from every earlier one of their project.")


def count_new_ideas(name: str, folder: Path, model: str, count: int) -> int:
    """Return how many of the project's ideas differ from all before."""
    task = folder / name
    if not task.exists():
        shutil.copytree(HERE / name, task)
        data.write_table(PROJECTS[name](), task / "data.csv")
    run_folder_path = folder / "runs" / name
    if not run_folder_path.exists():
        settings = Settings(models={"default": model}, literature={"sources": ["corpus"]})
        create(folder, str(task), settings, run_folder_path)
    with (
        closing(Ledger.open(run_folder_path / run_folder.LEDGER)) as ledger,
        assemble(run_folder_path, run_folder.read(run_folder_path), ledger, threading.Event(), Assembly()) as run,
    ):
        run.toolchain.prepare(run.task, run)
        baseline(make_initial_state(), run)
        survey(make_initial_state(), run)
        return _count_different(name, _propose(count, run), run)


def _propose(count: int, run: Run) -> list[Hypothesis]:
    lane = open_lane(make_initial_state(), 0)
    while len(run.nouns(Hypothesis)) < count and lane["number"] < 3 * count:
        lane = {**lane, **ideate(lane, run)}  # type: ignore[typeddict-item]
    return run.nouns(Hypothesis)[:count]


def _count_different(name: str, proposed: Sequence[Hypothesis], run: Run) -> int:
    vectors = run.embedder.embed([f"{hypothesis.title}. {hypothesis.statement}" for hypothesis in proposed])
    likeness = np.tril(vectors @ vectors.T, -1).max(axis=1)
    print(f"\n{name}")
    for hypothesis, near in zip(proposed, likeness, strict=True):
        print(
            f"  {'new   ' if near < run.embedder.tau else 'repeat'} {near:.2f}  {hypothesis.title} [{hypothesis.target}] ({hypothesis.papers})"
        )
    return int((likeness < run.embedder.tau).sum())


if __name__ == "__main__":
    main()
