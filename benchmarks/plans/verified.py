"""Arms that ask a verifier: raw step scores are kept in a resumable JSONL file, aggregates are replayed from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.verifiers.aggregate import AGGREGATES
from agents.verifiers.protocol import Solution, StepScores, Usage, Verifier, check_scores
from benchmarks.plans.metrics import Floats
from benchmarks.plans.rows import Row, append_row, read_rows
from pelagos.errors import BadInput

Problems = Mapping[str, Mapping[str, str]]
"""Task -> target -> problem text."""
BATCH = 4


def collect_scores(spec: str, rows: Sequence[Row], problems: Problems, verifier: Verifier, out: Path) -> int:
    """Append the raw step scores of each plan that `out` lacks; returns how many were asked for."""
    done = {(row["verifier"], row["key"]) for row in read_rows(out)}
    missing = [row for row in rows if (spec, solution_key(row, problems)) not in done]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        solutions = [_solution(row, problems) for row in batch]
        found = check_scores(verifier.name, solutions, verifier.score(solutions))
        for row, raw in zip(batch, found, strict=True):
            append_row(out, {"verifier": spec, "key": solution_key(row, problems), "id": row["id"], **_plain(raw)})
            print(f"{spec} {row['id']}: {raw.scores}", flush=True)
    return len(missing)


def replay(spec: str, rows: Sequence[Row], problems: Problems, out: Path) -> dict[str, Floats]:
    """Aggregate -> the plans' scores. Raises BadInput where plans have no raw scores."""
    raw = {row["key"]: row["scores"] for row in read_rows(out) if row["verifier"] == spec}
    keys = [solution_key(row, problems) for row in rows]
    if missing := len([key for key in keys if key not in raw]):
        raise BadInput(f"{out}: has no scores of {spec} for {missing} of {len(keys)} plans: run without --replay")
    steps = [raw[key] for key in keys]
    return {name: np.array([aggregate(scores) for scores in steps]) for name, aggregate in AGGREGATES.items()}


def spent(spec: str, out: Path) -> Usage:
    """Over all plans that were scored."""
    total = Usage()
    for row in read_rows(out):
        if row["verifier"] == spec:
            total += Usage(**row["usage"])
    return total


def solution_key(row: Row, problems: Problems) -> str:
    """Changes with the plan's words and with the problem's."""
    solution = _solution(row, problems)
    return hashlib.sha256(repr((solution.problem, solution.steps)).encode()).hexdigest()[:16]


@contextmanager
def opened(spec: str, folder: Path, model: str) -> Iterator[Verifier]:
    """The verifier that `spec` names, outside a run; `model` answers for it. Raises BadInput and MissingPart."""
    from agents.verifiers.evaluation.workbench import open_workbench
    from agents.verifiers.language.subject import PLAN
    from agents.verifiers.registry import open_verifier
    from pelagos.settings_sources import load

    with open_workbench(folder, load(Path.cwd(), models={"default": model}), print) as parts:
        yield open_verifier(spec, replace(parts, subject=PLAN))


def _solution(row: Row, problems: Problems) -> Solution:
    return Solution(row.get("problem") or problems[row["task"]][row["target"]], tuple(row["steps"]))


def _plain(raw: StepScores) -> Row:
    told = {"scores": raw.scores, "usage": raw.usage._asdict()}
    return told | {name: list(found) for name in ("reasons", "votes", "rewards") if (found := getattr(raw, name))}
