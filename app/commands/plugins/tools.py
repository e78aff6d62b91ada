"""`pelagos tools list|check`: domain tools, functions for programs, skills, and tools from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, make_console, make_table, print_json
from app.commands.plugins import external_tools

if TYPE_CHECKING:
    from tools.analysis.packs.spec import ToolSpec

tools_app = typer.Typer(help="Domain tools: list them, check one's own.", no_args_is_help=True)
Packs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH-OR-NAME]...",
        help="A .py file, a folder of them, a pack, a server, mcpServers. Default: shipped, the project's, servers.",
    ),
]


@tools_app.command("list")
def list_tools(packs: Packs = None, json: Json = False) -> None:
    """List the tools of packs: what each relates, needs and leaves; the functions that programs may import; and the
    tools of servers: what each may do. Without a name also the drop-ins that the settings of the project name, and its
    Agent Skills: those that the settings don't name are off."""
    from app.commands.plugins.packs import ReadPacks, read_packs, read_project_packs
    from app.commands.plugins.skills import list_project_skills

    outside = external_tools.read_external(packs or [])
    chosen, refs = external_tools.choose_sources(outside, packs or [])
    named = read_packs(refs) if refs else ReadPacks.of_nothing()
    read = named if packs else read_project_packs(Path.cwd())
    rows, left_out = external_tools.list_outside(chosen, outside)
    skills, faults = ([], []) if packs else list_project_skills()
    tools = [_describe(spec) for spec in read.tools.values()]
    functions = [function.describe() for function in read.packs.functions]
    faults = [*read.faults, *faults]
    if json:
        found = {"tools": tools, "functions": functions, "external": rows, "skills": skills}
        print_json({**found, "faults": [*faults, *left_out]})
        return
    _show_table(tools, ("tool", "pack", "relation", "needs", "refuses", "leaves", "library"))
    _show_table(functions, ("function", "pack", "import", "signature", "summary"))
    _show_table(rows, external_tools.COLUMNS)
    _show_table(skills, ("skill", "offered", "description", "scripts"))
    for line in [*(f"left out: {fault}" for fault in faults), *left_out]:
        typer.echo(line)


def _show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    if rows:
        make_console().print(make_table(columns, [[str(value) for value in row.values()] for row in rows]))


@tools_app.command()
def check(
    packs: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH-OR-NAME...",
            help="A .py file, a folder of them, a pack, a tool, a skill, a server, or a file of mcpServers.",
        ),
    ],
    json: Json = False,
) -> None:
    """Import packs in the sandbox, and run the contract test of their tools there: each is called on a small data set
    and on unsound variants of it. A skill is read and not run. A server is started, and those of its tools that are
    allowed are called with made-up arguments. Prints what to mend, a line each; exit code 2 if there is anything."""
    from app.commands.plugins.skills import check_skills, split_skills
    from tools.external.check import list_unmended

    outside = external_tools.read_external(packs)
    chosen, refs = external_tools.choose_sources(outside, packs)
    skills, refs = split_skills(refs)
    findings = external_tools.check_outside(chosen, outside) | check_skills(skills)
    faults = _check_packs(refs, findings) if refs else []
    faulty = list_unmended(findings)
    if json:
        print_json({"findings": findings, "faults": faults})
    else:
        _show_findings(findings, faulty)
        typer.echo("".join(f"left out: {fault}\n" for fault in faults), nl=False)
    if faulty or faults:
        raise typer.Exit(2)


def _check_packs(refs: list[str], findings: dict[str, list[str]]) -> list[str]:
    """Check packs and add what is to mend to `findings`; return what was left out. Raises BadInput where there is no
    tool."""
    from app.commands.plugins.packs import check_packs, read_packs
    from pelagos.errors import BadInput
    from pelagos.settings_sources import load
    from sandbox.choose import choose

    read = read_packs(refs)
    settings = load(Path.cwd()).sandbox
    found = check_packs(read, choose(settings.name, settings.image)) if read.tools or read.packs.modules else {}
    if read.empty and not any(found.values()):
        raise BadInput(
            f"{', '.join(refs)}: no tool in it: a tool of analyses has a first parameter `data` and a docstring with "
            "a line 'Produces: statistics'; a function for programs has a type on each parameter and a docstring"
        )
    findings |= found
    return read.faults


def _show_findings(findings: dict[str, list[str]], faulty: list[str]) -> None:
    for name, lines in findings.items():
        idle = any(line.startswith("note: not called") for line in lines)
        typer.echo(f"{name}: {'to mend' if name in faulty else 'listed' if idle else 'sound'}")
        typer.echo("".join(f"  {line}\n" for line in lines), nl=False)


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
