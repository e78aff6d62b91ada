"""`pelagos steer`: a wish that ideation is told."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.output import By, RunArgument


def steer(
    run: RunArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Your wish, at most 2,000 characters; '' takes it back.")],
    by: By = "",
) -> None:
    """Tell ideation what you wish: the next ideas of RUN are asked for with TEXT. The newest wish holds."""
    from app.record.folders import find_run
    from app.review.acts import operations

    typer.echo(operations.steer(find_run(run), text, by or operations.default_name()))
