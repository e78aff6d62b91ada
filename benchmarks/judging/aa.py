"""A/A for real: edits that change nothing, run in the sandbox on the shipped tasks. How many are supported?

    python -m benchmarks.judging.aa [--tasks digits diabetes mnist1d] [--folder runs/bench-aa]

Twenty a task: comments, renamed variables, functions in another order, and extra random draws before training, which
give the same program on other random numbers. Resumable: what is recorded is not run again."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from agents.nodes.confirm import confirm
from agents.state import make_initial_state
from benchmarks.judging.by_hand import open_run, take_through
from pelagos.nouns import Claim, VerdictKind
from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask

TASKS, EACH = ("digits", "diabetes", "mnist1d"), 5
FILE, SEEDED = "train.py", "    torch.set_num_threads(1)\n"
WORDS = ("batches", "rows", "loss", "optimizer", "scheduler")
HEAD = "| task | edits | same predictions | other predictions | promising | tested on sealed data | supported |"


def make_edits(source: str) -> Iterator[tuple[str, str]]:
    """Yield each edit's name and the changed source."""
    blocks = _find_functions(source)
    for index, (first, _) in enumerate(blocks[:EACH]):
        yield f"comment {index}", _splice(source, first, first, [f"# edit {index} changes nothing"])
    for word in WORDS:
        yield f"rename {word}", re.sub(rf"\b{word}\b", f"{word}_", source)
    for index in range(EACH):
        (first, middle), (second, last) = blocks[index : index + 2]
        lines = source.splitlines()
        swapped = [*lines[second:last], "", "", *lines[first:middle]]
        yield f"reorder {index}", _splice(source, first, last, swapped)
    for count in range(1, EACH + 1):
        assert SEEDED in source
        yield f"draw {count}", source.replace(SEEDED, f"{SEEDED}    torch.rand({count})\n")


def _find_functions(source: str) -> list[tuple[int, int]]:
    """Return the first line and the end of each top-level function, counted from 0."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [(node.lineno - 1, node.end_lineno or node.lineno) for node in functions]


def _splice(source: str, first: int, last: int, lines: Sequence[str]) -> str:
    old = source.splitlines()
    return "\n".join([*old[:first], *lines, *old[last:]]) + "\n"


def measure_task(task: str, folder: Path) -> str:
    with open_run(task, folder / task) as run:
        assert isinstance(run.task, CodeTask)
        program: Program = load_original(run.task)
        for name, source in make_edits(run.task.sources()[FILE]):
            take_through(name, program.with_files({FILE: source}), run)
            print(f"{task}: {name}: {run.verdicts()[name].kind}, effect {run.verdicts()[name].gain}", flush=True)
        promising = [verdict for verdict in run.verdicts().values() if verdict.kind is VerdictKind.PROMISING]
        confirm(make_initial_state(), run)
        verdicts = run.verdicts().values()
        unchanged = sum(verdict.effect is not None and verdict.gain == 0 for verdict in verdicts)
        supported = sum(verdict.kind is VerdictKind.SUPPORTED for verdict in verdicts)
        counts = (len(verdicts), unchanged, len(verdicts) - unchanged, len(promising), len(run.nouns(Claim)), supported)
    return f"| {task} | {' | '.join(map(str, counts))} |"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="*", default=TASKS)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-aa"))
    options = parser.parse_args(argv)
    rows = [measure_task(task, options.folder) for task in options.tasks]
    print(HEAD, "|---|---|---|---|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
