"""`pelagos run` and `pelagos resume`: options into settings, a run folder, and the drive to its end."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from app.output import RunArgument
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from pelagos.settings import Models

LOG = "run.log"
ALL_ROLES = "default"
DEFAULT_MODEL = ("embedded", "embedded:")
Hypotheses = Annotated[int | None, typer.Option(help="Test so many hypotheses; as many as --hours allows, else 4.")]
Hours = Annotated[float | None, typer.Option(help="Stop after so many hours of work.")]
MaxExperiments = Annotated[int | None, typer.Option(help="Stop after so many experiments.")]
MaxCost = Annotated[float | None, typer.Option(metavar="USD", help="Stop at so many dollars.")]
MaxTokens = Annotated[int | None, typer.Option(help="Stop after so many tokens.")]
ReviewWait = Annotated[
    float | None,
    typer.Option(
        metavar="MINUTES",
        help="How long a run stays that can't go on without a decision, before it ends (exit code 6). Default: 30.",
    ),
]
Detach = Annotated[bool, typer.Option("--detach", help="Go on in the background; prints how to follow.")]


def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task folder, or the name of a shipped task.")],
    run_dir: Annotated[Path | None, typer.Option(help="Where the run lives; runs/<task>-<time> by default.")] = None,
    hypotheses: Hypotheses = None,
    hours: Hours = None,
    max_experiments: MaxExperiments = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=SPEC",
            help="Model of a role (or of `default`): embedded, openai:MODEL@URL ... Given again for a role: asked "
            "while the one before is away.",
        ),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option(metavar="HOURS", help="Wait so long for an endpoint that is away; as --hours allows, else 6."),
    ] = None,
    sandbox: Annotated[str | None, typer.Option(metavar="NAME", help="auto, or a backend's name.")] = None,
    workers: Annotated[int | None, typer.Option(help="Experiments at a time; 0: one per core.")] = None,
    review: Annotated[
        Literal["off", "async", "gate"] | None,
        typer.Option(
            help="gate: build nothing before `pelagos decide` says so; async: honour what is decided by then."
        ),
    ] = None,
    review_wait: ReviewWait = None,
    detach: Detach = False,
) -> None:
    """Launch the research loop on TASK and watch it."""
    from agents.launch import create
    from pelagos.settings import load

    options: dict[str, dict[str, Any]] = {
        "loop": {"hypotheses": hypotheses, "workers": workers, "review": review, "review_wait": review_wait},
        "caps": _caps(hours, max_experiments, max_cost, max_tokens),
        "models": _models(model or []) | {"patience_s": patience * 3600 if patience is not None else None},
        "sandbox": {"name": sandbox},
    }
    settings = load(Path.cwd(), **_named(options))
    folder = create(Path.cwd(), task, settings, run_dir)
    if hint := _hint(settings.models):
        typer.echo(hint)
    _go(folder, detach)


def resume(
    run: RunArgument,
    hypotheses: Hypotheses = None,
    hours: Hours = None,
    max_experiments: MaxExperiments = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    review_wait: ReviewWait = None,
    detach: Detach = False,
) -> None:
    """Go on with a run that was stopped or killed, or with one that has reached a cap and is given a higher one.

    Nothing finished is done again. Caps count from the run's beginning.
    """
    from app.folders import find

    folder = find(run)
    loop = {"hypotheses": hypotheses, "review_wait": review_wait}
    given = _named({"loop": loop, "caps": _caps(hours, max_experiments, max_cost, max_tokens)})
    if any(given.values()):
        from agents.caps import give_anew

        give_anew(folder, {name: part for name, part in given.items() if part})
    _go(folder, detach)


def _caps(hours: float | None, experiments: int | None, usd: float | None, tokens: int | None) -> dict[str, Any]:
    seconds = hours * 3600 if hours is not None else None
    return {"seconds": seconds, "usd": usd, "experiments": experiments, "tokens": tokens}


def _named(options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was given of the options."""
    return {name: {key: value for key, value in part.items() if value is not None} for name, part in options.items()}


def _hint(models: Models) -> str:
    """One line where all roles have the default model and a larger one is right for this machine; else nothing."""
    from agents.models.choice.advice import better, command
    from pelagos.nouns import Role

    if any(models.spec(role).strip() not in DEFAULT_MODEL for role in get_args(Role)):
        return ""
    found = better(Path.cwd(), models)
    if found is None:
        return ""
    speed = f", at about {found.tokens_s:.0f} tokens/s" if found.tokens_s else ""
    return f"model: a larger one fits this machine, {found.item.name}{speed}: {command(found.item)}"


def _go(folder: Path, detach: bool) -> None:
    if detach:
        _detach(folder)
        return
    from app.driving import drive_and_report

    raise typer.Exit(drive_and_report(folder))


def _detach(folder: Path) -> None:
    """A child in its own session drives the run; it outlives this terminal."""
    from app.driving import warn

    warn(folder)
    command = [sys.executable, "-P", "-m", "app.main", "resume", str(folder)]
    log = folder / LOG
    with log.open("ab") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=_unbuffered()
        )
    typer.echo(f"run folder  {folder}\nprocess     {child.pid}")
    quoted, followed = shlex.quote(str(folder)), shlex.quote(str(log))
    typer.echo(
        f"follow      tail -f {followed}\nstatus      pelagos status {quoted}\nstop        kill -TERM {child.pid}"
    )


def _unbuffered() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def _models(pairs: list[str]) -> dict[str, Any]:
    """`ROLE=SPEC` options; of a role that is named again a list. Raises BadInput, a line per fault."""
    from pelagos.nouns import Role

    known, faults = [*get_args(Role), ALL_ROLES], []
    found: dict[str, list[str]] = {}
    for pair in pairs:
        role, sign, spec = pair.partition("=")
        if role in known and sign and spec:
            found.setdefault(role, []).append(spec)
        else:
            close = get_close_matches(role, known, n=1)
            hint = f"did you mean {close[0]}=...?" if close and role not in known else "write ROLE=SPEC"
            faults.append(f"command line: --model {pair}: {hint} Roles: {', '.join(known)}")
    if faults:
        raise BadInput(*faults)
    return {role: specs[0] if len(specs) == 1 else specs for role, specs in found.items()}
