"""`pelagos verifier list|score|eval`: kinds of verifiers, scores of a file's solutions, evaluation on labelled data."""

from __future__ import annotations

import json as json_text
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, complain, make_console, make_table, print_json
from app.formatting import format_duration, format_line, format_number
from pelagos.counts import format_count
from pelagos.errors import BadInput, Interrupted

if TYPE_CHECKING:
    from agents.verifiers.evaluation.evaluate import Evaluation
    from agents.verifiers.evaluation.problems import Labelled
    from agents.verifiers.evaluation.scores_file import ScoresFile
    from agents.verifiers.protocol import Solution, Verifier
    from agents.verifiers.ranking import Ranked
    from pelagos.settings import Settings

verifier_app = typer.Typer(help="Verifiers: list, score, eval.", no_args_is_help=True)
DEV_SHARE = 0.25
REASON_WIDTH = 160


class BenchmarkName(StrEnum):
    PROCESSBENCH = "processbench"
    PRMBENCH = "prmbench"


Spec = Annotated[str | None, typer.Option("--verifier", help="A spec, as in settings; verifiers.kind by default.")]
ModelSpec = Annotated[str | None, typer.Option("--model", help="The verifier's model; models.verifier by default.")]
Data = Annotated[Path, typer.Argument(metavar="FILE", help="A JSON list, or JSON lines.")]


@verifier_app.command("list")
def list_verifiers(json: Json = False) -> None:
    """The kinds of verifiers, shipped ones and plug-ins, and the checkpoints known by name."""
    from agents.verifiers.checkpoints.known import known_checkpoints
    from agents.verifiers.registry import SHIPPED, kinds

    rows = [
        {"kind": name, "about": SHIPPED[name].about if name in SHIPPED else f"plug-in: {point.value}"}
        for name, point in kinds().items()
    ]
    known = [
        {"checkpoint": each.name, "kind": each.layout.kind, "layout": each.layout.name, "note": each.note}
        for each in known_checkpoints().values()
    ]
    if json:
        print_json({"kinds": rows, "checkpoints": known})
        return
    make_console().print(make_table(("kind", "scores by"), ([row["kind"], row["about"]] for row in rows)))
    cells = ([row["checkpoint"], row["kind"], row["layout"]] for row in known)
    make_console().print(make_table(("checkpoint", "kind", "layout"), cells))


@verifier_app.command()
def score(
    file: Data,
    verifier: Spec = None,
    aggregate: Annotated[str, typer.Option(help="min, last, mean, product or sum.")] = "min",
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Where all raw scores go.")] = None,
    model: ModelSpec = None,
) -> None:
    """Score the solutions of FILE, objects with a problem and its steps, and rank them."""
    from agents.verifiers.aggregate import AGGREGATES
    from agents.verifiers.evaluation.problems import read_solutions
    from agents.verifiers.ranking import rank
    from pelagos.plugins import suggest_nearest

    if aggregate not in AGGREGATES:
        raise BadInput(
            f"command line: --aggregate {aggregate}: unknown; {suggest_nearest(aggregate, list(AGGREGATES))}"
        )
    solutions = read_solutions(file)
    if out:
        _check_out_file(out)
    settings = _settings(model)
    with (
        tempfile.TemporaryDirectory(prefix="pelagos-verifier-") as scratch,
        _opened(Path(scratch), verifier, settings) as (opened, _),
    ):
        ranked, name = rank(solutions, opened, AGGREGATES[aggregate]), opened.name
    _show_ranking(ranked, solutions)
    if out:
        _write_json(out, {"verifier": name, "aggregate": aggregate, "solutions": _as_rows(ranked)})
        typer.echo(f"raw scores: {out}")


@verifier_app.command("eval")
def evaluate(
    benchmark: Annotated[BenchmarkName, typer.Argument(metavar="BENCHMARK", help="processbench or prmbench.")],
    file: Data,
    verifier: Spec = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Problems, drawn by the seed; all by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the problems, the dev share and the resamples.")] = 0,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="A step below it is judged wrong; tuned by default.")
    ] = None,
    dev_share: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Share of the problems on which the threshold is tuned.")
    ] = DEV_SHARE,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for raw scores and the result.")] = None,
    model: ModelSpec = None,
    json: Json = False,
) -> None:
    """Evaluate a verifier on a file of ProcessBench's or PRMBench's shape. Called again it goes on where it stopped."""
    from agents.verifiers.evaluation.evaluate import BENCHMARKS, Cut, sample, to_json
    from agents.verifiers.evaluation.evaluate import evaluate as compute

    wanted = BENCHMARKS[benchmark]
    problems = sample(wanted.read(file), limit, seed)
    settings = _settings(model)
    folder = out or Path("verifier-eval", f"{benchmark}-{_file_name(_choose_spec(verifier, settings))}")
    _make_out_folder(folder)
    about = {"benchmark": str(benchmark), "data": _hash(file), "model": settings.models.spec("verifier")}
    scores = _score_all(problems, folder, verifier, settings, about)
    result = compute(problems, scores.rows, wanted.measure, Cut(threshold, dev_share), seed)
    whole = {**scores.about, "file": str(file), "seed": seed, **to_json(result)}
    _write_json(folder / "result.json", whole)
    if json:
        print_json(whole)
    else:
        _show_evaluation(result, wanted.measure.headline)
        typer.echo(f"raw scores and result: {folder}")


def _check_out_file(out: Path) -> None:
    """Raise BadInput where the file can't be written, before scores are paid for."""
    with _out_errors(f"--out {out}: can't be written there", "name a file in a folder that exists"):
        if out.is_dir() or not out.absolute().parent.is_dir():
            raise NotADirectoryError
        tempfile.TemporaryFile(dir=out.absolute().parent).close()


def _make_out_folder(folder: Path) -> None:
    """Raise BadInput where the folder can't be made or written in, or is a run's, whose record would grow."""
    from agents.setup.run_folder import FILE

    with _out_errors(f"--out {folder}: can't be used", "name another folder"):
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"command line: --out {folder}: is no folder; name one, or a new one")
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        if (folder / FILE).exists():
            raise BadInput(f"command line: --out {folder}: is the folder of a run; name another folder")


@contextmanager
def _out_errors(fault: str, remedy: str) -> Iterator[None]:
    """Turn the errors of a place where nothing can be written into BadInput; those of a full disk pass."""
    from pelagos.disk_space import NO_SPACE_ERRNOS

    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE_ERRNOS:
            raise
        reason = f": {error.strerror}" if error.strerror else ""
        raise BadInput(f"command line: {fault}{reason}; {remedy}") from None


def _settings(model: str | None) -> Settings:
    from pelagos.settings_sources import load

    return load(Path.cwd(), **({"models": {"verifier": model}} if model else {}))


def _choose_spec(spec: str | None, settings: Settings) -> str:
    """Return the spec that was given, else the setting's; who asks for scores is not told `off` for a small model."""
    from agents.verifiers.registry import choose_spec

    return spec or choose_spec(settings.verifiers.kind, strong=True)


@contextmanager
def _opened(folder: Path, spec: str | None, settings: Settings) -> Iterator[tuple[Verifier, int]]:
    """Yield the verifier, with the number of solutions that it is given at a time."""
    from agents.verifiers.evaluation.workbench import open_workbench
    from agents.verifiers.registry import check_spec, open_verifier

    wanted = _choose_spec(spec, settings)
    check_spec(wanted, settings)
    try:
        with open_workbench(folder, settings, complain) as parts:
            yield open_verifier(wanted, parts), parts.parallel
    except KeyboardInterrupt:
        raise Interrupted("stopped") from None


def _score_all(
    problems: Sequence[Labelled], folder: Path, spec: str | None, settings: Settings, about: dict[str, str]
) -> ScoresFile:
    from agents.verifiers.evaluation.evaluate import score_missing
    from agents.verifiers.evaluation.scores_file import ScoresFile

    with _opened(folder, spec, settings) as (verifier, batch):
        scores = ScoresFile(folder / "scores.jsonl", about | {"verifier": verifier.name})
        with make_console().status("scoring") as status:
            tell = f"{{}} of {format_count(len(problems), 'problem')} scored".format
            score_missing(problems, verifier, scores, batch, lambda done: status.update(tell(done)))
    return scores


def _hash(file: Path) -> str:
    from agents.verifiers.evaluation.evaluate import hash_file

    return hash_file(file)


def _file_name(spec: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in spec)


def _show_ranking(ranked: Sequence[Ranked], solutions: Sequence[Solution]) -> None:
    rows = []
    for place, each in enumerate(ranked, 1):
        scores = each.raw.scores
        weakest = min(range(len(scores)), key=scores.__getitem__)
        told = each.raw.reasons[weakest] if each.raw.reasons else solutions[each.place].steps[weakest]
        weak = f"{weakest + 1} ({format_number(scores[weakest])})"
        rows.append([str(place), str(each.place + 1), format_number(each.score), weak, format_line(told, REASON_WIDTH)])
    reason = "its reason" if any(each.raw.reasons for each in ranked) else "its text"
    make_console().print(make_table(("rank", "solution", "score", "weakest step", reason), rows))
    usage = [each.raw.usage for each in ranked]
    tokens, checks = sum(each.tokens for each in usage), sum(each.checks for each in usage)
    seconds = format_duration(sum(each.seconds for each in usage))
    typer.echo(f"spent: {tokens} tokens, {format_count(checks, 'executed check')}, {seconds} of scoring")


def _as_rows(ranked: Sequence[Ranked]) -> list[dict[str, Any]]:
    """In the file's order."""
    places = {each.place: rank for rank, each in enumerate(ranked, 1)}
    return [
        {
            "solution": each.place + 1,
            "rank": places[each.place],
            "score": each.score,
            **each.raw._asdict(),
            "usage": each.raw.usage._asdict(),
        }
        for each in sorted(ranked)
    ]


def _show_evaluation(result: Evaluation, headline: str) -> None:
    rows = [
        [name, _share(figure.value), f"{_share(figure.low)} to {_share(figure.high)}"]
        for name, figure in result.figures.items()
    ]
    make_console().print(make_table(("figure", "value", "95% interval over problems"), rows))
    if result.by_kind:
        by_kind = ([kind, _share(value)] for kind, value in result.by_kind.items())
        make_console().print(make_table(("kind of error", headline), by_kind))
    tuned = f"tuned on {format_count(len(result.tuned_on), 'other problem')}" if result.tuned_on else "given"
    typer.echo(f"{format_count(result.problems, 'problem')}; threshold {result.threshold:.4g}, {tuned}")
    if result.unread:
        typer.echo(f"{format_count(result.unread, 'problem')} could not be scored: scores.jsonl says why")
    usage = result.usage
    checks = format_count(usage.checks, "executed check")
    typer.echo(f"spent: {usage.tokens} tokens, {checks}, {format_duration(usage.seconds)}")


def _share(value: float) -> str:
    """Three digits; an en dash for NaN, where no problem has what the figure is about."""
    return "–" if value != value else f"{value:.3f}"


def _write_json(path: Path, value: Any) -> None:
    from memory.artifacts import write_whole

    write_whole(path, json_text.dumps(value, indent=2, ensure_ascii=True, allow_nan=False).encode() + b"\n")
