"""`python -m benchmarks.funnel`: launches of eight hypotheses on the shipped tasks, and how many hypotheses came how
far.

Resumable: run it again with the same folder and a run that was cut short goes on, a finished one is only read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from agents.launch import drive
from agents.setup import run_folder
from agents.setup.create import create
from app.live.board import count_funnel
from app.live.event_lines import describe_event
from app.record import folders
from app.record.event import Event
from app.record.record import Record
from pelagos.settings import Settings

TASKS = ("digits", "diabetes", "mnist1d")
HEAD = (
    "| task | proposed | kept | executed | improved | promising | supported | minutes | seconds a kept hypothesis "
    "| tokens a kept hypothesis |\n|---|---|---|---|---|---|---|---|---|---|"
)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="*", default=TASKS)
    parser.add_argument("--hypotheses", type=int, default=8)
    parser.add_argument("--model", default="embedded", help="model spec of all roles")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-funnel"))
    args = parser.parse_args(argv)
    records = [run_task(task, args.folder, args.hypotheses, args.model) for task in args.tasks]
    print(HEAD, *(make_row(record) for record in records), describe_share(records), sep="\n")


def run_task(task: str, project: Path, hypotheses: int, model: str) -> Record:
    """Run the task to its end and return the run's record."""
    folder = project / "runs" / task
    if not (folder / run_folder.FILE).exists():
        settings = Settings(
            loop={"hypotheses": hypotheses}, models={"default": model}, literature={"sources": ["corpus"]}
        )
        project.mkdir(parents=True, exist_ok=True)
        create(project, task, settings, folder)
    record = Record()

    def watch(event: Event) -> None:
        record.fold(event)
        if line := describe_event(record, event):
            print(line, flush=True)

    drive(folder, watch)
    return folders.read_record(folder)


def make_row(record: Record) -> str:
    """Return the table's row. Improved means an effect above zero, promising or not; seconds are the run's, divided by the
    number of kept hypotheses."""
    counts = count_funnel(record)
    kept = max(1, counts.kept)
    steps = ("proposed", "kept", "executed", "improved", "promising", "supported")
    cells = " | ".join(str(getattr(counts, step)) for step in steps)
    spent = record.spent
    return f"| {record.task} | {cells} | {spent.seconds / 60:.1f} | {spent.seconds / kept:.0f} | {spent.tokens / kept:.0f} |"


def describe_share(records: Sequence[Record]) -> str:
    kept = sum(len(record.kept) for record in records)
    ran = sum(len(record.kept & record.executed) for record in records)
    return f"\nExecuted: {ran} of {kept} kept hypotheses."


if __name__ == "__main__":
    main()
