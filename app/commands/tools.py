"""`pelagos tools list|check`: domain tools, shipped and others'."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import external_tools
from app.commands.output import Json, make_console, make_table, print_json

if TYPE_CHECKING:
    from tools.analysis.packs.spec import ToolSet, ToolSpec

tools_app = typer.Typer(help="Domain tools: list them, check one's own.", no_args_is_help=True)
Packs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH-OR-NAME]...",
        help="A .py file, a folder of them, a pack, a server, a file of mcpServers. Default: shipped, and servers.",
    ),
]


@tools_app.command("list")
def list_tools(packs: Packs = None, json: Json = False) -> None:
    """List the tools of packs: what each relates, needs and leaves; and those of servers: what each may do."""
    outside = external_tools.read_external(packs or [])
    chosen, refs = external_tools.choose_sources(outside, packs or [])
    found = _load(refs) if refs or not packs else None
    rows, left_out = external_tools.list_outside(chosen, outside)
    faults = [str(fault) for fault in found.faults] if found else []
    if json:
        print_json({
            "tools": [_describe(spec) for spec in found.values()] if found else [],
            "external": rows, "faults": [*faults, *left_out],
        })  # fmt: skip
        return
    if found is not None:
        shown = [[str(value) for value in _describe(spec).values()] for spec in found.values()]
        make_console().print(make_table(("tool", "pack", "relation", "needs", "refuses", "leaves", "library"), shown))
    if rows:
        make_console().print(make_table(external_tools.COLUMNS, [list(row.values()) for row in rows]))
    typer.echo("".join([*(f"left out: {fault}\n" for fault in faults), *(f"{line}\n" for line in left_out)]), nl=False)


@tools_app.command()
def check(
    packs: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH-OR-NAME...",
            help="A .py file, a folder of them, a pack, a tool, a server, or a file of mcpServers.",
        ),
    ],
    json: Json = False,
) -> None:
    """Run the contract test of tools in the sandbox: each is called on a small data set and on unsound variants of it.
    A server is started, and those of its tools that are allowed are called with made-up arguments.
    Prints what to mend, a line each; exit code 2 if there is anything."""
    outside = external_tools.read_external(packs)
    chosen, refs = external_tools.choose_sources(outside, packs)
    faulty = _check_outside(external_tools.check_outside(chosen, outside), json) if chosen else False
    if (refs and _check_packs(refs, json)) or faulty:
        raise typer.Exit(2)


def _check_outside(findings: dict[str, list[str]], json: bool) -> bool:
    """Show what is to mend of tools from outside; whether there is anything."""
    from tools.external.check import list_unmended

    faulty = list_unmended(findings)
    if json:
        print_json({"findings": findings})
    else:
        _show_findings(findings, faulty)
    return bool(faulty)


def _show_findings(findings: dict[str, list[str]], faulty: list[str]) -> None:
    for name, lines in findings.items():
        idle = any(line.startswith("note: not called") for line in lines)
        typer.echo(f"{name}: {'to mend' if name in faulty else 'listed' if idle else 'sound'}")
        typer.echo("".join(f"  {line}\n" for line in lines), nl=False)


def _check_packs(packs: list[str], json: bool) -> bool:
    """Run the contract test of packs; whether there is anything to mend. Raises BadInput where there is no tool."""
    from pelagos.errors import BadInput
    from pelagos.settings_sources import load
    from sandbox.choose import choose
    from tools.analysis.contract.contract import check_tools

    found, names = _load_named(packs)
    settings = load(Path.cwd()).sandbox
    findings = check_tools(found, choose(settings.name, settings.image), names) if found else {}
    if json:
        print_json({"findings": findings, "faults": [str(fault) for fault in found.faults]})
    else:
        _show_findings(findings, [name for name, lines in findings.items() if lines])
        _show_faults(found)
    if not found and not found.faults:
        raise BadInput(
            f"{', '.join(packs)}: no tool in it: a tool's first parameter is `data`, and its docstring has a line "
            "'Produces: statistics'"
        )
    return bool(found.faults or any(findings.values()))


def _load(refs: list[str]) -> ToolSet:
    """Read packs by path or name. Raises BadInput for an unknown one."""
    from tools.analysis.packs.registry import SHIPPED, load_packs

    paths = [Path(ref) for ref in refs if Path(ref).exists()]
    return load_packs([ref for ref in refs if not Path(ref).exists()] or ([] if paths else list(SHIPPED)), paths)


def _load_named(refs: list[str]) -> tuple[ToolSet, list[str]]:
    """As `_load`; a reference may also name one tool of the shipped packs. The names are empty where all are meant."""
    shipped = _load([])
    names = [ref for ref in refs if ref in shipped and not Path(ref).exists()]
    if not names:
        return _load(refs), []
    others = [ref for ref in refs if ref not in names]
    if not others:
        return shipped, names
    more = _load(others)
    return replace(shipped, tools={**shipped.tools, **more.tools}, faults=more.faults), [*names, *more]


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


def _show_faults(found: ToolSet) -> None:
    for fault in found.faults:
        typer.echo(f"left out: {fault}")
