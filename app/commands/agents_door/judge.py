"""`pelagos judge`: judges a changed program that a person or another agent wrote, as a run with one hypothesis."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.output import Json, print_json
from app.commands.run import Detach, MaxExperiments, SandboxName, Workers, follow_detached
from app.launches import drop_absent

Program = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER|FILE", help="The changed program: a folder laid out like the task's, or one changed file."
    ),
]
Idea = Annotated[
    str, typer.Option(metavar='"TITLE. STATEMENT"', help="What it does. Default: it is named by its hash.")
]
Confirm = Annotated[
    bool, typer.Option("--confirm", help="Where it is promising, test it on sealed data too, which costs level.")
]


def judge(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A code task's folder, or the name of a shipped task.")],
    program: Program,
    idea: Idea = "",
    confirm: Confirm = False,
    run_dir: Annotated[Path | None, typer.Option(help="Where the run lives; runs/<task>-<time> by default.")] = None,
    max_experiments: MaxExperiments = None,
    sandbox: SandboxName = None,
    workers: Workers = None,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Judge a changed program of TASK: sandboxed, beside the baseline, by the same evaluator, statistics and audit as a
    run's own ideas.

    It is a run with one hypothesis: it has a ledger, a report and a place in the project's bank, and `pelagos resume`
    goes on with it. No model is asked. Sealed data stay sealed without --confirm.
    """
    from agents.submissions.create import create_judgement
    from agents.submissions.idea_text import parse_idea
    from pelagos.settings_sources import load

    given: dict[str, dict[str, Any]] = {
        "caps": {"experiments": max_experiments}, "sandbox": {"name": sandbox}, "loop": {"workers": workers},
    }  # fmt: skip
    settings = load(Path.cwd(), **drop_absent(given))
    said = parse_idea(idea) if idea else None
    folder = create_judgement(Path.cwd(), task, program, settings, said, confirm, run_dir)
    if detach:
        follow_detached(folder)
        return
    raise typer.Exit(_drive(folder, json))


def _drive(folder: Path, json: bool) -> int:
    """Drive the run and print what came out of it; the view of the run goes to stderr where JSON is printed."""
    from app.commands.drive import drive_and_report
    from app.record.folders import read_record
    from app.record.judgement import describe_judgement, summarize_judgement

    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        code = drive_and_report(folder)
    record = read_record(folder)
    if json:
        print_json(summarize_judgement(folder, record))
    else:
        typer.echo("\n".join(describe_judgement(record)))
    return code
