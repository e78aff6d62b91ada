"""`pelagos data list|get`: data sets, gene sets and identifiers that come out of pinned packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, make_console, make_table, print_json

if TYPE_CHECKING:
    from tools.analysis.sources.sources import Source

data_app = typer.Typer(help="Data: list, get.", no_args_is_help=True)


@data_app.command("list")
def list_data(json: Json = False) -> None:
    """List the sources of data: what each holds, its licence, its files, and whether they are here."""
    from tools.analysis.sources.sources import list_sources

    rows = [_make_row(source) for source in list_sources().values()]
    if json:
        print_json(rows)
        return
    headings = ("source", "here", "files", "what it holds", "licence")
    cells = [
        [row["name"], "yes" if row["folder"] else "no", ", ".join(row["files"]), row["about"], row["licence"]]
        for row in rows
    ]
    make_console().print(make_table(headings, cells))


@data_app.command()
def get(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of `data list`.")],
    json: Json = False,
) -> None:
    """Get the files of sources, unless they are here. A package's archive is checked against its sha256."""
    from tools.analysis.sources.sources import find_source

    sources = [find_source(name) for name in names]
    for source in sources:
        source.fetch()
        if not json:
            _show(source)
    if json:
        print_json([_make_row(source) for source in sources])


def _show(source: Source) -> None:
    screen = make_console()
    for file in source.files:
        screen.print(f"{source.name}:{file}  {source.find(file)}", markup=False, soft_wrap=True)
    package = _make_row(source)["package"]
    screen.print(f"from package {package}; licence: {source.licence}", markup=False, soft_wrap=True)


def _make_row(source: Source) -> dict[str, Any]:
    version = f"{source.package} {source.archive.version}" if source.archive else source.package
    return {
        "name": source.name,
        "about": source.about,
        "licence": source.licence,
        "package": version,
        "sha256": source.archive.sha256 if source.archive else "",
        "files": list(source.files),
        "folder": str(source.folder or ""),
    }
