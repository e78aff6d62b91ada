"""Evaluates a verifier on labelled data: scores what isn't scored yet, then computes figures at one threshold.

The threshold is given, or tuned on a share of the problems that the seed draws and whose ids are stored with the
result; the figures are those of the other problems.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents.verifiers.evaluation.metrics import (
    PRMBENCH,
    PROCESSBENCH,
    Figure,
    Measure,
    Scored,
    bootstrap,
    compute_figures,
    tune_threshold,
)
from agents.verifiers.evaluation.problems import Labelled, read_prmbench, read_processbench
from agents.verifiers.evaluation.scores_file import Row, ScoresFile
from agents.verifiers.protocol import Usage, Verifier, check_scores
from memory.ledger.keys import step_key
from pelagos.errors import BadInput, BadScore, NothingUsable


class Benchmark(NamedTuple):
    read: Callable[[Path], list[Labelled]]
    measure: Measure


BENCHMARKS = {
    "processbench": Benchmark(read_processbench, PROCESSBENCH),
    "prmbench": Benchmark(read_prmbench, PRMBENCH),
}


class Cut(NamedTuple):
    """How the threshold comes about: given, or tuned on the share `dev_share` of the problems."""

    threshold: float | None
    dev_share: float


class Evaluation(NamedTuple):
    """`tuned_on` holds the ids of the dev problems, `by_kind` the headline per kind of error. `unread` counts problems
    that the verifier could not score."""

    threshold: float
    tuned_on: list[str]
    problems: int
    unread: int
    figures: dict[str, Figure]
    by_kind: dict[str, float]
    usage: Usage


def sample(problems: Sequence[Labelled], limit: int | None, seed: int) -> list[Labelled]:
    """Return `limit` problems drawn by the seed, in the file's order; all without a limit."""
    if limit is None or limit >= len(problems):
        return list(problems)
    return [problems[place] for place in sorted(random.Random(seed).sample(range(len(problems)), limit))]


def key_of(labelled: Labelled) -> str:
    return step_key(id=labelled.id, problem=labelled.solution.problem, steps=list(labelled.solution.steps))


def hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def score_missing(
    problems: Sequence[Labelled], verifier: Verifier, file: ScoresFile, batch: int, tell: Callable[[int], None]
) -> None:
    """Score what the file lacks, `batch` problems at a time, and append it. `tell` gets the number of problems scored.

    Raises what the verifier raises, but for a problem that it can't read or scores badly: that one's fault is kept.
    So is that of a problem at which the model's answers were of no use; then the scoring ends, and goes on behind it
    when it is called again.
    """
    missing = [labelled for labelled in problems if key_of(labelled) not in file.rows]
    for first in range(0, len(missing), batch):
        for row in _score(missing[first : first + batch], verifier):
            file.add(row)
        tell(len(problems) - len(missing) + min(first + batch, len(missing)))


def _score(problems: Sequence[Labelled], verifier: Verifier) -> Iterator[Row]:
    solutions = [labelled.solution for labelled in problems]
    try:
        results = check_scores(verifier.name, solutions, verifier.score(solutions))
    except (BadInput, BadScore, NothingUsable) as error:
        if len(problems) > 1:
            for labelled in problems:
                yield from _score([labelled], verifier)
            return
        yield Row(key=key_of(problems[0]), fault=str(error))
        if isinstance(error, NothingUsable):
            raise
        return
    for labelled, result in zip(problems, results, strict=True):
        yield Row.of(key_of(labelled), result)


def evaluate(
    problems: Sequence[Labelled], rows: Mapping[str, Row], measure: Measure, cut: Cut, seed: int
) -> Evaluation:
    """Compute the figures from stored scores. Raises BadInput where the threshold can't be tuned, or where no problem
    is left to measure."""
    scored = [Scored(labelled, rows[key_of(labelled)].scores) for labelled in problems]
    if all(not each.scores for each in scored):
        first = rows[key_of(problems[0])].fault
        raise BadInput(f"no problem could be scored; the first one: {first}")
    threshold, dev = (cut.threshold, []) if cut.threshold is not None else _tune(scored, measure, cut.dev_share, seed)
    tuned_on = {each.labelled.id for each in dev}
    test = [each for each in scored if each.labelled.id not in tuned_on]
    if not test:
        raise BadInput("every problem is in the dev share: lower --dev-share or raise --limit")
    kinds = sorted({each.labelled.kind for each in test if each.labelled.kind})
    by_kind = {
        kind: compute_figures(measure, [each for each in test if each.labelled.kind == kind], threshold)
        for kind in kinds
    }
    return Evaluation(
        threshold,
        sorted(tuned_on),
        len(test),
        sum(not each.scores for each in scored),
        bootstrap(measure, test, threshold, seed),
        {kind: figures[measure.headline] for kind, figures in by_kind.items()},
        sum((rows[key_of(labelled)].usage for labelled in problems), Usage()),
    )


def _tune(scored: Sequence[Scored], measure: Measure, share: float, seed: int) -> tuple[float, list[Scored]]:
    order = list(scored)
    random.Random(seed).shuffle(order)
    dev = order[: round(share * len(order))]
    threshold = tune_threshold(measure, dev)
    if threshold is None:
        raise BadInput(
            f"the threshold can't be tuned: of {len(dev)} dev problems none has a wrong step, or none is right: "
            "raise --dev-share or --limit, or give --threshold"
        )
    return threshold, dev


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """NaN becomes null."""
    figures = {
        name: {field: _or_none(value) for field, value in figure._asdict().items()}
        for name, figure in evaluation.figures.items()
    }
    by_kind = {kind: _or_none(value) for kind, value in evaluation.by_kind.items()}
    return evaluation._asdict() | {"figures": figures, "by_kind": by_kind, "usage": evaluation.usage._asdict()}


def _or_none(value: float) -> float | None:
    return None if value != value else value
