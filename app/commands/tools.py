"""`pelagos tools list|check`: domain tools and functions for programs, shipped and others'."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, make_console, make_table, print_json

if TYPE_CHECKING:
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
    """List the tools of packs: what each relates, needs and leaves; and the functions that programs may import. Without
    a name also the Agent Skills of the project: those that the settings don't name are off."""
    from app.commands.packs import read_packs
    from app.commands.skills import list_skills
    from pelagos.settings_sources import load

    read, settings = read_packs(packs or []), load(Path.cwd())
    skills, faults = ([], []) if packs else list_skills(Path.cwd(), settings.skills, settings.skill_scripts)
    tools = [_describe(spec) for spec in read.tools.values()]
    functions = [read.packs.describe(function) for function in read.packs.functions]
    if json:
        print_json({"tools": tools, "functions": functions, "skills": skills, "faults": [*read.faults, *faults]})
        return
    if tools or not functions:
        rows = [[str(value) for value in row.values()] for row in tools]
        make_console().print(make_table(("tool", "pack", "relation", "needs", "refuses", "leaves", "library"), rows))
    if functions:
        rows = [[str(value) for value in row.values()] for row in functions]
        make_console().print(make_table(("function", "pack", "import", "signature", "summary"), rows))
    if skills:
        rows = [[str(value) for value in row.values()] for row in skills]
        make_console().print(make_table(("skill", "offered", "description", "scripts"), rows))
    _show_faults([*read.faults, *faults])


@tools_app.command()
def check(
    packs: Annotated[
        list[str],
        typer.Argument(metavar="PATH-OR-NAME...", help="A .py file, a folder of them, a pack, a tool or a skill."),
    ],
    json: Json = False,
) -> None:
    """Import packs in the sandbox, and run the contract test of their tools there: each is called on a small data set
    and on unsound variants of it. A skill is read and not run. Prints what to mend, a line each; exit code 2 if there
    is anything."""
    from app.commands.packs import ReadPacks, check_packs, read_packs
    from app.commands.skills import check_skills, split_skills
    from pelagos.errors import BadInput
    from pelagos.settings_sources import load
    from sandbox.choose import choose

    skills, others = split_skills(packs)
    findings, read = check_skills(skills), read_packs(others) if others else ReadPacks.of_nothing()
    settings = load(Path.cwd()).sandbox
    if read.tools or read.packs.modules:
        findings |= check_packs(read, choose(settings.name, settings.image))
    if json:
        print_json({"findings": findings, "faults": read.faults})
    else:
        for name, lines in findings.items():
            typer.echo(f"{name}: {'sound' if not lines else 'to mend'}")
            typer.echo("".join(f"  {line}\n" for line in lines), nl=False)
        _show_faults(read.faults)
    if read.empty and not findings:
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


def _show_faults(faults: Sequence[str]) -> None:
    for fault in faults:
        typer.echo(f"left out: {fault}")
