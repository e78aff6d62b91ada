"""`pelagos tasks list|check|new`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from app.output import Json, console, print_json, table
from pelagos.errors import PelagosError

tasks_app = typer.Typer(help="Tasks: list the shipped ones, check one, make a new one.", no_args_is_help=True)


@tasks_app.command("list")
def list_tasks(json: Json = False) -> None:
    """The tasks that come with Pelagos."""
    from tools.registry import shipped_tasks

    found = [_summary(name, folder) for name, folder in shipped_tasks().items()]
    if json:
        print_json(found)
        return
    heads = ("task", "toolchain", "metric", "topic")
    console().print(table(heads, ([str(one[head]) for head in heads] for one in found)))


@tasks_app.command()
def check(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task folder, or the name of a shipped task.")],
    json: Json = False,
) -> None:
    """Validate a task whole, its papers too, and against this machine. One line per fault; exit code 2 if there is
    any. Papers that can't be used are named; they are a fault where none is left."""
    from tools import registry
    from tools.toolchain import Noted

    found, chain = registry.task(task)
    registry.check_machine(found)
    usable, left_out = _papers(found.papers)
    notes = list(found.notes) if isinstance(found, Noted) else []
    facts = {
        "task": found.name,
        "toolchain": chain.name,
        "folder": str(found.folder),
        "metric": found.metric.model_dump(mode="json"),
        "seeds": list(found.seeds),
        "digest": found.digest,
        "notes": notes,
        "papers": {"usable": usable, "left_out": left_out},
    }
    if json:
        print_json(facts)
    else:
        typer.echo(f"{found.name}: sound ({chain.name}, {found.metric.name} {found.metric.direction}, {found.folder})")
        for note in notes:
            typer.echo(f"note: {note}")
        if left_out:
            typer.echo("\n".join([f"papers: {usable} can be used, {len(left_out)} can't:", *left_out]))


@tasks_app.command()
def new(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the task goes; must not exist.")]) -> None:
    """Make a small task that works, to be changed into yours."""
    from tools.code.scaffold import scaffold

    scaffold(folder)
    typer.echo(f"{folder}: a task that works; change it, then `pelagos tasks check {shlex.quote(str(folder))}`")


def _papers(path: Path | None) -> tuple[int, list[str]]:
    """How many papers a run can use, and a line for each that it can't. Raises BadInput where it can use none."""
    from tools.literature.corpus import load

    if path is None:
        return 0, []
    corpus = load(path)
    return len(corpus.papers), corpus.faults


def _summary(name: str, folder: Path) -> dict[str, Any]:
    """A task whose toolchain this machine lacks is listed with the reason."""
    from tools import registry

    try:
        found, chain = registry.task(folder)
    except PelagosError as error:
        return {"task": name, "toolchain": "–", "metric": "–", "topic": f"can't be used here: {error}"}
    metric = f"{found.metric.name} {'↑' if found.metric.direction.sign > 0 else '↓'}"
    return {"task": name, "toolchain": chain.name, "metric": metric, "topic": found.topic}
