"""`pelagos tools list|check`: domain tools and functions for programs, shipped and others'."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, make_console, make_table, print_json

if TYPE_CHECKING:
    from app.commands.packs import ReadPacks
    from tools.analysis.packs.spec import ToolSpec

tools_app = typer.Typer(help="Domain tools: list them, check one's own.", no_args_is_help=True)
Packs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH-OR-NAME]...", help="A .py file, a folder of them, or a pack. Default: shipped packs."
    ),
]


@tools_app.command("list")
def list_tools(packs: Packs = None, json: Json = False) -> None:
    """List the tools of packs: what each relates, needs and leaves; and the functions that programs may import."""
    from app.commands.packs import read_packs

    read = read_packs(packs or [])
    tools = [_describe(spec) for spec in read.tools.values()]
    functions = [read.packs.describe(function) for function in read.packs.functions]
    if json:
        print_json({"tools": tools, "functions": functions, "faults": read.faults})
        return
    if tools or not functions:
        rows = [[str(value) for value in row.values()] for row in tools]
        make_console().print(make_table(("tool", "pack", "relation", "needs", "refuses", "leaves", "library"), rows))
    if functions:
        rows = [[str(value) for value in row.values()] for row in functions]
        make_console().print(make_table(("function", "pack", "import", "signature", "summary"), rows))
    _show_faults(read)


@tools_app.command()
def check(
    packs: Annotated[
        list[str], typer.Argument(metavar="PATH-OR-NAME...", help="A .py file, a folder of them, a pack or a tool.")
    ],
    json: Json = False,
) -> None:
    """Import packs in the sandbox, and run the contract test of their tools there: each is called on a small data set
    and on unsound variants of it. Prints what to mend, a line each; exit code 2 if there is anything."""
    from app.commands.packs import check_packs, read_packs
    from pelagos.errors import BadInput
    from pelagos.settings_sources import load
    from sandbox.choose import choose

    read = read_packs(packs)
    settings = load(Path.cwd()).sandbox
    findings = check_packs(read, choose(settings.name, settings.image)) if read.tools or read.packs.modules else {}
    if json:
        print_json({"findings": findings, "faults": read.faults})
    else:
        for name, lines in findings.items():
            typer.echo(f"{name}: {'sound' if not lines else 'to mend'}")
            typer.echo("".join(f"  {line}\n" for line in lines), nl=False)
        _show_faults(read)
    if read.empty and not any(findings.values()):
        raise BadInput(
            f"{', '.join(packs)}: no tool in it: a tool of analyses has a first parameter `data` and a docstring with "
            "a line 'Produces: statistics'; a function for programs has a type on each parameter and a docstring"
        )
    if read.faults or any(findings.values()):
        raise typer.Exit(2)


def _describe(spec: ToolSpec) -> dict[str, Any]:
    refused = sorted([*map(str, spec.refuses), *(["missing values"] if spec.refuses_missing else [])])
    return {
        "tool": spec.name,
        "pack": spec.pack,
        "relation": str(spec.relation or ""),
        "needs": ", ".join(sorted(spec.requires)),
        "refuses": ", ".join(refused),
        "leaves": str(spec.produces),
        "library": spec.libraries,
    }


def _show_faults(read: ReadPacks) -> None:
    for fault in read.faults:
        typer.echo(f"left out: {fault}")
