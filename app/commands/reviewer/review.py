"""`pelagos review`: serves the page on which people read runs and decide."""

from __future__ import annotations

import os
import webbrowser
from contextlib import closing, suppress
from pathlib import Path
from threading import Timer
from typing import Annotated

import typer

from pelagos.errors import BadInput, MissingPart

PORT = 8321
OPEN_AFTER_S = 0.5


def review(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN|FOLDER", help="Runs, or folders of runs. Default: all runs of this project."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Where to listen. Other machines are let in only with PELAGOS_REVIEW_PASSWORD set.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0: any free one.")] = PORT,
    open: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Read hypotheses in the browser, decide on them, and pause, steer or start runs.

    The printed address lets a browser in. Ctrl-C ends the page; runs go on without it.
    """
    try:
        from app.review.serving import server
    except ModuleNotFoundError as error:
        raise MissingPart(f"review: the page needs {error.name}: pip install 'pelagos[web]'") from None
    from app.review.serving.access import PASSWORD, Access, is_public

    project, folders = _find_runs(runs or [])
    password = os.environ.get(PASSWORD, "")
    Access.open(host, port, project, password)  # refused before anything listens
    with closing(server.bind(host, port)) as listening:
        access = Access.open(host, listening.getsockname()[1], project, password)
        app = server.make_app(project, folders, access)
        typer.echo(f"review page: {access.url} (Ctrl-C ends it)")
        if is_public(host):
            typer.echo("it speaks plain HTTP: others on the way can read along, so put it behind a proxy with TLS")
        if open:
            Timer(OPEN_AFTER_S, webbrowser.open, [access.url]).start()
        with suppress(KeyboardInterrupt):
            server.serve(app, listening)


def _find_runs(given: list[str]) -> tuple[Path, list[Path] | None]:
    """Return the project and the run folders to show, None for all of the project, also those that come later."""
    from app.record.folders import LEDGER, RUNS, find_run, list_run_folders

    if not given:
        return Path.cwd(), None
    if len(given) == 1 and (Path(given[0]) / RUNS).is_dir():
        return Path(given[0]).absolute(), None
    found: list[Path] = []
    for name in given:
        folder = Path(name)
        inside = sorted(path.parent for path in folder.glob(f"*/{LEDGER}")) or list_run_folders(folder)
        if folder.is_dir() and not (folder / LEDGER).is_file() and not inside:
            raise BadInput(f"{folder}: holds no runs")
        found += [path.absolute() for path in inside or [find_run(name)]]
    return Path.cwd(), list(dict.fromkeys(found))
