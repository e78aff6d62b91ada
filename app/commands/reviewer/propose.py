"""`pelagos propose`: a person's hypothesis for a run, which the next free lane takes before it asks for an idea."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.output import By, RunArgument


def propose(
    run: RunArgument,
    title: Annotated[str, typer.Option(help="The technique, in a few words.")],
    statement: Annotated[str, typer.Option(help="What to change, with the values to use, and what will follow.")],
    target: Annotated[str, typer.Option(help="The one place that changes. A wrong one lists those there are.")] = "",
    by: By = "",
) -> None:
    """Have a hypothesis of your own tested in a run, in progress or not.

    It is screened, planned and judged like any other, and counts as one of --hypotheses, but is taken however many were
    tested. A run that is over goes on with it by `pelagos resume RUN`.
    """
    from app.record.folders import find_run
    from app.review.acts import operations

    typer.echo(operations.propose(find_run(run), title, statement, target, by or operations.default_name()))
