"""`pelagos run` and `pelagos resume`: turn options into settings, make a run folder, and drive the run to its end."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from app.commands.output import RunArgument
from app.launches import drop_absent, make_caps, start_detached
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from pelagos.settings import Models

ALL_ROLES = "default"
DEFAULT_MODEL = ("embedded", "embedded:")
Hypotheses = Annotated[
    int | None, typer.Option(help="How many hypotheses to test. Default: as many as --hours allows, else 4.")
]
Hours = Annotated[float | None, typer.Option(help="Stop after this many hours of work.")]
MaxExperiments = Annotated[int | None, typer.Option(help="Stop after this many experiments.")]
MaxCost = Annotated[float | None, typer.Option(metavar="USD", help="Stop at this many dollars.")]
MaxTokens = Annotated[int | None, typer.Option(help="Stop after this many tokens.")]
ReviewWait = Annotated[
    float | None,
    typer.Option(
        metavar="MINUTES",
        help="How long a run that can't go on waits for a decision before it ends (exit code 6). Default: 30.",
    ),
]
ModelSpecs = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=SPEC",
        help="Model of a role (or of `default`): embedded, openai:MODEL@URL ... A further model for the same role is "
        "asked while the one before does not answer.",
    ),
]
Patience = Annotated[
    float | None,
    typer.Option(
        metavar="HOURS",
        help="How long to wait for an endpoint that does not answer. Default: as --hours allows, else 6.",
    ),
]
SandboxName = Annotated[str | None, typer.Option(metavar="NAME", help="auto, or a backend's name.")]
Workers = Annotated[int | None, typer.Option(help="Experiments at a time; 0: one per core.")]
Review = Annotated[
    Literal["off", "async", "gate"] | None,
    typer.Option(help="gate: build nothing before `pelagos decide` says so; async: honour what is decided by then."),
]
Detach = Annotated[bool, typer.Option("--detach", help="Go on in the background, and print how to follow.")]


def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task folder, or the name of a shipped task.")],
    run_dir: Annotated[Path | None, typer.Option(help="Where the run lives; runs/<task>-<time> by default.")] = None,
    hypotheses: Hypotheses = None,
    hours: Hours = None,
    max_experiments: MaxExperiments = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    model: ModelSpecs = None,
    patience: Patience = None,
    sandbox: SandboxName = None,
    workers: Workers = None,
    review: Review = None,
    review_wait: ReviewWait = None,
    detach: Detach = False,
) -> None:
    """Launch the research loop on TASK and watch it."""
    from agents.setup.create import create
    from pelagos.settings_sources import load

    options: dict[str, dict[str, Any]] = {
        "loop": {"hypotheses": hypotheses, "workers": workers, "review": review, "review_wait": review_wait},
        "caps": make_caps(hours, max_experiments, max_cost, max_tokens),
        "models": _parse_models(model or []) | {"patience_s": patience * 3600 if patience is not None else None},
        "sandbox": {"name": sandbox},
    }
    settings = load(Path.cwd(), **drop_absent(options))
    folder = create(Path.cwd(), task, settings, run_dir)
    if hint := _suggest_model(settings.models):
        typer.echo(hint)
    _start(folder, detach)


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
    """Go on with a run that was paused, stopped or killed, or that has reached a cap and is given a higher one.

    Nothing finished is done again. Caps count from the run's beginning.
    """
    from app.record.folders import find_run
    from memory.files.run_lock import lock_holder

    folder = find_run(run)
    loop = {"hypotheses": hypotheses, "review_wait": review_wait}
    given = drop_absent({"loop": loop, "caps": make_caps(hours, max_experiments, max_cost, max_tokens)})
    if given:
        from agents.setup.caps import replace_caps

        replace_caps(folder, given)
    from app.review.acts.operations import default_name, describe_next, release

    if release(folder, default_name()) and lock_holder(folder) is not None:
        typer.echo(f"{folder}: {describe_next(folder)}")
        return
    _start(folder, detach)


def _suggest_model(models: Models) -> str:
    """Return a line about a larger model that fits this machine where all roles have the default model, else ''."""
    from agents.models.catalog.choice.advice import find_better, usage_command
    from pelagos.nouns import Role

    if any(models.spec(role).strip() not in DEFAULT_MODEL for role in get_args(Role)):
        return ""
    better = find_better(Path.cwd(), models)
    if better is None:
        return ""
    speed = f", at about {better.tokens_s:.0f} tokens/s" if better.tokens_s else ""
    return f"model: a larger one fits this machine, {better.item.name}{speed}: {usage_command(better.item)}"


def _start(folder: Path, detach: bool) -> None:
    if detach:
        follow_detached(folder)
        return
    from app.commands.drive import drive_and_report

    raise typer.Exit(drive_and_report(folder))


def follow_detached(folder: Path) -> None:
    """Start a process that drives the run and outlives this terminal, and print how to follow it."""
    from app.commands.drive import warn

    warn(folder)
    child = start_detached(folder)
    lines = [
        f"run folder  {folder}",
        f"process     {child.pid}",
        f"follow      tail -f {shlex.quote(str(child.log))}",
        f"status      pelagos status {shlex.quote(str(folder))}",
        f"stop        kill -TERM {child.pid}",
    ]
    typer.echo("\n".join(lines))


def _parse_models(pairs: list[str]) -> dict[str, Any]:
    """Return the model spec by role of `ROLE=SPEC` options, a list of specs for a role that is named several times.
    Raises BadInput with a line per fault."""
    from pelagos.nouns import Role

    known, faults = [*get_args(Role), ALL_ROLES], []
    specs_by_role: dict[str, list[str]] = {}
    for pair in pairs:
        role, sign, spec = pair.partition("=")
        if role in known and sign and spec:
            specs_by_role.setdefault(role, []).append(spec)
        else:
            close_names = get_close_matches(role, known, n=1)
            hint = f"did you mean {close_names[0]}=...?" if close_names and role not in known else "write ROLE=SPEC"
            faults.append(f"command line: --model {pair}: {hint} Roles: {', '.join(known)}")
    if faults:
        raise BadInput(*faults)
    return {role: specs[0] if len(specs) == 1 else specs for role, specs in specs_by_role.items()}
