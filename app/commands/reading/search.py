"""`pelagos search`: finds hypotheses, plans, verdicts, lessons, prompts, replies and logs by their words. It changes no
ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, complain, make_console, print_json
from app.record import folders
from pelagos.counts import format_count
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from rich.text import Text

    from memory.search.search import Hit

Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Search texts of this kind alone. May be repeated.")]
Most = Annotated[int, typer.Option("--most", min=1, max=400, help="The most hits that are shown.")]


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help='Words, and phrases in "double quotes".')],
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Default: all runs of this project.")] = None,
    kind: Kinds = None,
    most: Most = 20,
    json: Json = False,
) -> None:
    """Search the texts of one run or of all: hypotheses, plans, verdicts, lessons, prompts, replies, logs.

    All words must stand in the same text; the last one may be a beginning. The best hits come first.
    """
    from memory.search.query import make_expression
    from memory.search.search import WEIGHTS, search_runs

    if not make_expression(text):
        raise BadInput(f"search {text!r}: there is no word in it: give at least one letter or digit")
    unknown = sorted(set(kind or ()) - set(WEIGHTS))
    if unknown:
        raise BadInput(f"search --kind {unknown[0]}: no such kind; there are {', '.join(WEIGHTS)}")
    found = [folders.find_run(run)] if run else folders.list_all_run_folders(Path.cwd())
    results = search_runs(found, text, kind or (), most)
    if run and results.faults:
        raise BadInput(results.faults[0])
    for fault in results.faults:
        complain(f"pelagos: {fault}")
    if json:
        print_json([_make_item(hit) for hit in results.hits])
        return
    for hit in results.hits:
        make_console().print(*_make_lines(hit), sep="\n", soft_wrap=True)
    if not results.hits:
        typer.echo(f"nothing found in {format_count(len(found), 'run')}")


def _make_item(hit: Hit) -> dict[str, Any]:
    fields = ("kind", "hypothesis", "title", "seq", "score", "more")
    snippet = [{"text": segment.text, "hit": segment.hit} for segment in hit.snippet]
    return {"run": str(hit.run), **{name: getattr(hit, name) for name in fields}, "snippet": snippet}


def _make_lines(hit: Hit) -> list[Text]:
    """Return where the hit is, and its snippet with the hits in bold."""
    from rich.text import Text

    from app.formatting import format_line

    where = " ".join(part for part in (hit.run.name, hit.hypothesis, format_line(hit.title, 80)) if part)
    more = f" (+{hit.more})" if hit.more else ""
    snippet = Text("    ")
    for segment in hit.snippet:
        snippet.append(segment.text.replace("\n", " "), "bold yellow" if segment.hit else "")
    return [Text.assemble((f"{hit.kind}{more}", "cyan"), f"  {where}"), snippet]
