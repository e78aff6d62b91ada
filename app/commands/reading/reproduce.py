"""`pelagos reproduce`: runs one experiment of a run again and prints whether the score is the same, within noise, or
different."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.output import Json, RunArgument, print_json
from app.formatting import format_number
from app.record.folders import find_run


def reproduce(
    run: RunArgument,
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="An experiment id, or how it begins.")],
    json: Json = False,
) -> None:
    """Run an experiment of a run again: same, within noise, or different. Exit code 5 if different."""
    from agents.rerun import rerun_experiment

    comparison = rerun_experiment(find_run(run), experiment)
    recorded, repeated = comparison.recorded, comparison.repeated
    facts = {
        "experiment": recorded.id,
        "seed": recorded.seed,
        "split": recorded.split,
        "recorded": recorded.score,
        "repeated": repeated.score,
        "outcome": comparison.outcome,
        "data": "same" if recorded.data == repeated.data else "different",
        "isolation": repeated.isolation,
    }
    if json:
        print_json(facts)
    else:
        typer.echo(
            f"{comparison.outcome}: recorded {format_number(recorded.score)} ({recorded.outcome}), "
            f"now {format_number(repeated.score)} ({repeated.outcome}); seed {recorded.seed}, "
            f"{recorded.split} split, data {facts['data']}, {repeated.isolation}"
        )
    if comparison.outcome == "different":
        raise typer.Exit(5)
