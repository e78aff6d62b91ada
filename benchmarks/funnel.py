"""`python -m benchmarks.funnel`: launches of eight hypotheses on the shipped tasks, and how many hypotheses came how far.

Resumable: run it again with the same folder and a run that was cut short goes on, a finished one is only read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from agents import folder as run_folder
from agents.launch import create, drive
from app import folders
from app.board import executed, funnel
from app.feed import told
from app.record import Event, Record
from pelagos.settings import Settings

TASKS = ("digits", "diabetes", "mnist1d")
HEAD = (
    "| task | proposed | kept | executed | improved | supported | confirmed | minutes | seconds a kept hypothesis "
    "| tokens a kept hypothesis |\n|---|---|---|---|---|---|---|---|---|---|"
)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="*", default=TASKS)
    parser.add_argument("--hypotheses", type=int, default=8)
    parser.add_argument("--model", default="embedded", help="model spec of all roles")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-funnel"))
    args = parser.parse_args(argv)
    records = [launched(task, args.folder, args.hypotheses, args.model) for task in args.tasks]
    print(HEAD, *(row(record) for record in records), share(records), sep="\n")


def launched(task: str, project: Path, hypotheses: int, model: str) -> Record:
    """The run's record, after it ended."""
    folder = project / "runs" / task
    if not (folder / run_folder.FILE).exists():
        settings = Settings(
            loop={"hypotheses": hypotheses}, models={"default": model}, literature={"sources": ["corpus"]}
        )
        project.mkdir(parents=True, exist_ok=True)
        create(project, task, settings, folder)
    seen = Record()

    def watch(event: Event) -> None:
        seen.fold(event)
        if line := told(seen, event):
            print(line, flush=True)

    drive(folder, watch)
    return folders.read(folder)


def row(record: Record) -> str:
    """Improved: an effect above zero, supported or not. Seconds are the whole run's, shared among the kept."""
    one = funnel(record)
    kept = max(1, one.kept)
    confirmed = "-" if one.confirmed is None else one.confirmed
    counts = f"{one.proposed} | {one.kept} | {one.executed} | {one.improved} | {one.supported} | {confirmed}"
    spent = record.spent
    return f"| {record.task} | {counts} | {spent.seconds / 60:.1f} | {spent.seconds / kept:.0f} | {spent.tokens / kept:.0f} |"


def share(records: Sequence[Record]) -> str:
    kept = [(record, id) for record in records for id, screened in record.screened.items() if screened["kept"]]
    ran = sum(executed(record, id) for record, id in kept)
    return f"\nExecuted: {ran} of {len(kept)} kept hypotheses."


if __name__ == "__main__":
    main()
