"""`pelagos mcp`: serves this project's runs, ideas and experiments to other agents, as an MCP server."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pelagos.errors import BadInput, MissingPart

AllowWrite = Annotated[
    bool,
    typer.Option("--allow-write", help="Let clients start runs, judge experiments and decide. Default: read only."),
]
Http = Annotated[
    int | None,
    typer.Option(
        "--http", metavar="PORT", min=0, max=65535, help="Serve HTTP on 127.0.0.1, behind a token; 0: any port."
    ),
]
Skill = Annotated[
    str | None,
    typer.Option("--skill", metavar="FOLDER", help="Copy the skill `pelagos` into FOLDER; `-` prints where it is."),
]
Project = Annotated[Path | None, typer.Option("--project", metavar="FOLDER", help="The project. Default: this folder.")]


def mcp(http: Http = None, allow_write: AllowWrite = False, skill: Skill = None, project: Project = None) -> None:
    """Serve this project to other agents over MCP: check ideas, judge experiments, start, follow and decide on runs.

    Over stdio by default, for a client that starts it as a child process.
    """
    if skill is not None:
        _hand_out_skill(skill)
        return
    folder = project or Path.cwd()
    if not folder.is_dir():
        raise BadInput(f"--project {folder}: no such folder")
    if find_spec("mcp") is None:
        raise MissingPart("MCP is not installed: pip install 'pelagos[mcp]'")
    from app.mcp.project import Project as Served
    from app.mcp.server import make_server

    os.chdir(folder)  # settings, tasks and runs are looked up from the project's folder
    server = make_server(Served(folder, allow_write))
    if http is None:
        server.run("stdio")
        return
    from app.mcp.serving import TOKEN_VARIABLE, serve_http

    serve_http(server, http, os.environ.get(TOKEN_VARIABLE, ""))


def _hand_out_skill(place: str) -> None:
    from app.skill import copy_skill, find_skill

    typer.echo(find_skill() if place == "-" else copy_skill(Path(place)))
