"""`pelagos tasks list|check|new`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.output import Json, make_console, make_table, print_json
from pelagos.errors import BadInput, PelagosError

tasks_app = typer.Typer(help="Tasks: list the shipped ones, check one, make a new one.", no_args_is_help=True)


@tasks_app.command("list")
def list_tasks(json: Json = False) -> None:
    """List the tasks that come with Pelagos."""
    from tools.registry import shipped_tasks

    tasks = [_summarize_task(name, folder) for name, folder in shipped_tasks().items()]
    if json:
        print_json(tasks)
        return
    headings = ("task", "toolchain", "metric", "topic")
    make_console().print(make_table(headings, ([str(row[head]) for head in headings] for row in tasks)))


@tasks_app.command()
def check(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task folder, or the name of a shipped task.")],
    json: Json = False,
) -> None:
    """Validate a task and its papers, and check that this machine can run it. Prints one line per fault; exit code 2 if
    there is any. Papers that can't be used are listed; they are a fault where no usable paper is left."""
    from tools import registry
    from tools.toolchain import Noted

    loaded, toolchain = registry.task(task)
    registry.check_machine(loaded)
    usable, left_out = _load_papers(loaded.papers)
    notes = list(loaded.notes) if isinstance(loaded, Noted) else []
    facts = {
        "task": loaded.name,
        "toolchain": toolchain.name,
        "folder": str(loaded.folder),
        "metric": loaded.metric.model_dump(mode="json"),
        "seeds": list(loaded.seeds),
        "digest": loaded.digest,
        "notes": notes,
        "papers": {"usable": usable, "left_out": left_out},
    }
    if json:
        print_json(facts)
    else:
        typer.echo(
            f"{loaded.name}: sound ({toolchain.name}, {loaded.metric.name} {loaded.metric.direction}, {loaded.folder})"
        )
        for note in notes:
            typer.echo(f"note: {note}")
        if left_out:
            typer.echo("\n".join([f"papers: {usable} can be used, {len(left_out)} can't:", *left_out]))


@tasks_app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the task goes; must not exist.")],
    data: Annotated[Path | None, typer.Option(help="A data table: the task analyses it.")] = None,
    metadata: Annotated[Path | None, typer.Option(help="A table with a row for each of its samples.")] = None,
) -> None:
    """Make a small task that works, which you change into your own; with --data, a task that analyses your data."""
    if data is None and metadata is not None:
        raise BadInput("--metadata: describes the samples of a data file; name that file with --data")
    command = f"`pelagos tasks check {shlex.quote(str(folder))}`"
    if data is not None:
        from tools.analysis.task.scaffold import scaffold_from_data

        task = scaffold_from_data(folder, data, metadata)
        typer.echo("\n".join([f"{folder}: a task of kind {task.kind}", *task.notes, f"change it, then {command}"]))
        return
    from tools.code.task.scaffold import scaffold

    scaffold(folder)
    typer.echo(f"{folder}: a task that works; change it, then {command}")


def _load_papers(path: Path | None) -> tuple[int, list[str]]:
    """Return the number of papers that a run can use, and a line for each that it can't. Raises BadInput where it can
    use none."""
    from tools.literature.corpus import load_corpus

    if path is None:
        return 0, []
    corpus = load_corpus(path)
    return len(corpus.papers), corpus.faults


def _summarize_task(name: str, folder: Path) -> dict[str, Any]:
    """Return the row of a task. Where this machine lacks the toolchain, the row holds the reason."""
    from tools import registry

    try:
        task, toolchain = registry.task(folder)
    except PelagosError as error:
        return {"task": name, "toolchain": "–", "metric": "–", "topic": f"can't be used here: {error}"}
    metric = f"{task.metric.name} {'↑' if task.metric.direction.sign > 0 else '↓'}"
    return {"task": name, "toolchain": toolchain.name, "metric": metric, "topic": task.topic}
