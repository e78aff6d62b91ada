"""`pelagos reproduce`: runs one experiment of a run again and says same, within noise, or different."""

from __future__ import annotations

from typing import Annotated

import typer

from app.folders import find
from app.output import Json, RunArgument, print_json
from app.words import number


def reproduce(
    run: RunArgument,
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="An experiment id, or how it begins.")],
    json: Json = False,
) -> None:
    """Run an experiment of a run again: same, within noise, or different. Exit code 5 if different."""
    from agents.aside import again

    found = again(find(run), experiment)
    facts = {
        "experiment": found.recorded.id,
        "seed": found.recorded.seed,
        "split": found.recorded.split,
        "recorded": found.recorded.score,
        "repeated": found.repeated.score,
        "outcome": found.outcome,
        "data": "same" if found.recorded.data == found.repeated.data else "different",
        "isolation": found.repeated.isolation,
    }
    if json:
        print_json(facts)
    else:
        typer.echo(
            f"{found.outcome}: recorded {number(found.recorded.score)} ({found.recorded.outcome}), "
            f"now {number(found.repeated.score)} ({found.repeated.outcome}); seed {found.recorded.seed}, "
            f"{found.recorded.split} split, data {facts['data']}, {found.repeated.isolation}"
        )
    if found.outcome == "different":
        raise typer.Exit(5)
