"""`python -m benchmarks.plans`: does a ranking of plans agree with what happened when they were carried out?

`measure` makes the labels (plans.jsonl, problems.json), `rank` compares arms on them, `model-made` reads plans with
verdicts out of finished runs. Measuring and verifiers' scores are resumable.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.plans import verified
from benchmarks.plans.arms import ARMS
from benchmarks.plans.catalogue import TASKS, make_plans
from benchmarks.plans.measure import PLANS, PROBLEMS, describe_tasks, measure
from benchmarks.plans.metrics import Floats, scale_rows
from benchmarks.plans.model_made import collect_plans
from benchmarks.plans.rank import pick, table
from benchmarks.plans.rows import Row, append_row, read_rows
from pelagos.errors import BadInput, PelagosError
from sandbox.choose import choose

FOLDER = Path("runs/bench-plans")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plans", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="label the catalogue's plans; one to three hours on 2 cores")
    measuring.add_argument("--limit", type=int, default=None, help="plans at most")
    measuring.add_argument("--workers", type=int, default=1, help="plans at a time")
    measuring.add_argument("--out", type=Path, default=PLANS)
    measuring.add_argument("--folder", type=Path, default=FOLDER)
    measuring.set_defaults(work=_measure)
    ranking = commands.add_parser("rank", help="the table of arms")
    ranking.add_argument("--arms", default=",".join(ARMS), help=f"some of {', '.join(ARMS)}, by commas")
    ranking.add_argument("--verifier", action="append", default=[], help="spec of a verifier; may be given again")
    ranking.add_argument("--model", default="embedded", help="spec of the model that verifiers ask")
    ranking.add_argument("--limit", type=int, default=None, help="the same plans, at most so many, for all arms")
    ranking.add_argument("--plans", type=Path, default=PLANS, help="plans to rank; ridge learns from the catalogue's")
    ranking.add_argument("--scores", type=Path, default=FOLDER / "scores.jsonl", help="raw scores of verifiers")
    ranking.add_argument("--against", default="", metavar="ARM", help="compare each arm's accuracy with this one's")
    ranking.add_argument("--replay", action="store_true", help="ask no verifier: only read --scores")
    ranking.set_defaults(work=_rank)
    made = commands.add_parser("model-made", help="rows of plans that a model made, out of finished runs")
    made.add_argument("runs", type=Path, nargs="+")
    made.add_argument("--out", type=Path, default=FOLDER / "model_made.jsonl")
    made.set_defaults(work=_collect)
    args = parser.parse_args(argv)
    try:
        args.work(args)
    except PelagosError as error:
        parser.error(str(error))


def _measure(args: argparse.Namespace) -> None:
    sandbox = choose()
    if not PROBLEMS.exists():
        describe_tasks(TASKS, PROBLEMS, args.folder, sandbox)
    measure(make_plans()[: args.limit], args.out, args.folder, sandbox, args.workers)


def _rank(args: argparse.Namespace) -> None:
    told: dict[str, Any] = json.loads(PROBLEMS.read_text("utf-8"))
    noise = {task: found["noise"] for task, found in told.items()}
    problems = {task: found["problems"] for task, found in told.items()}
    rows, arms = pick(_labelled(args.plans), args.limit), [name for name in args.arms.split(",") if name]
    if unknown := [name for name in arms if name not in ARMS]:
        raise BadInput(f"--arms: {unknown[0]!r} is no arm; one of {', '.join(ARMS)}")
    plans, known = scale_rows(rows, noise), scale_rows(_labelled(PLANS), noise)
    scores: dict[str, Floats] = {name: ARMS[name](plans, known) for name in arms}
    for spec in args.verifier:
        if not args.replay:
            with verified.opened(spec, args.scores.parent / "verifier", args.model) as verifier:
                verified.collect_scores(spec, rows, problems, verifier, args.scores)
        aggregates = verified.replay(spec, rows, problems, args.scores)
        scores |= {f"{spec}, {aggregate}": found for aggregate, found in aggregates.items()}
    if args.against and args.against not in scores:
        raise BadInput(f"--against: no arm {args.against!r}; one of {', '.join(scores)}")
    print(*table(plans, scores, args.against), sep="\n")
    for spec in args.verifier:
        print(f"{spec}: {verified.spent(spec, args.scores)}")


def _collect(args: argparse.Namespace) -> None:
    done = {row["id"] for row in read_rows(args.out)}
    found = [row for run in args.runs for row in collect_plans(run) if row["id"] not in done]
    for row in found:
        append_row(args.out, row)
    print(f"{args.out}: {len(found)} new, {len(found) + len(done)} in all")


def _labelled(path: Path) -> list[Row]:
    rows = [row for row in read_rows(path) if "id" in row]
    if not rows:
        raise BadInput(f"{path}: holds no labelled plans; python -m benchmarks.plans measure makes them")
    return rows


if __name__ == "__main__":
    main()
