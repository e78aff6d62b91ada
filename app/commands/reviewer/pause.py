"""`pelagos pause` and `pelagos stop`: hold a run that another process drives, or end that drive."""

from __future__ import annotations

import typer

from app.commands.output import By, RunArgument


def pause(run: RunArgument, by: By = "") -> None:
    """Hold a run at its next boundary, with its models and its place; `pelagos resume RUN` goes on."""
    from app.record.folders import find_run
    from app.review.acts import operations

    typer.echo(operations.pause(find_run(run), by or operations.default_name()))


def stop(run: RunArgument, by: By = "") -> None:
    """End the process that drives a run at its next boundary; `pelagos resume RUN` goes on."""
    from app.record.folders import find_run
    from app.review.acts import operations

    typer.echo(operations.stop(find_run(run), by or operations.default_name()))
