"""The evaluator: turns predictions into a score, in a second sandbox that alone sees the labels (contract 2).

Predictions are hostile bytes: they are never unpickled, and the only thing that comes back is a JSON file of declared
schema. Doesn't know what an experiment is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from pelagos.errors import EvaluationError
from pelagos.nouns import Metric, OutcomeKind
from sandbox.metrics import STOCK
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

REPLICATES = 200
RESAMPLE_SEED = 20_160_401  # fixed for ever: the resamples of a split are the same for every experiment
LIMITS = Limits(seconds=60.0, memory_mb=4096, pids=64, cpus=1.0, disk_mb=256, log_mb=0.1)
MAX_ANSWER = 1_000_000
_HERE = Path(__file__).parent


class Scores(NamedTuple):
    """`score` in the metric's unit; `replicates` (200,) the metric on the split's fixed item resamples."""

    score: float
    replicates: list[float]
    guards: dict[str, float]
    isolation: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    scores: dict[str, float] = {}
    replicates: list[float] = []
    cause: str = ""
    detail: str = ""


class Evaluator:
    """Scores predictions in `sandbox`, which is not the experiment's: each call starts a fresh one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def score(
        self,
        labels: Path,
        predictions: bytes,
        metric: Metric,
        guards: Sequence[Metric] = (),
        scorer: str | Path | None = None,
        pin: str = "",
    ) -> Scores:
        """Score `predictions` (an .npy file's bytes) against `labels` (npz with y, shape (n,)).

        `scorer` is a stock metric's name (default: the metric's own) or the path of a task's evaluate.py. `pin` is
        what `fingerprint` said when the run began. Raises EvaluationError with a cause class.
        """
        if pin and fingerprint(labels, scorer) != pin:
            raise EvaluationError("the evaluator or its labels changed since the run began", cause="tampered")
        if not predictions:
            raise EvaluationError("no predictions were written", cause="missing")
        names = [metric.name, *(guard.name for guard in guards)]
        outcome = self._sandbox.run(_spec(labels, predictions, names, scorer))
        answer = _parse(outcome)
        if answer.cause:
            raise EvaluationError(answer.detail, cause=answer.cause)
        guarded = {guard.name: answer.scores[guard.name] for guard in guards}
        return Scores(answer.scores[metric.name], answer.replicates, guarded, outcome.isolation)


def fingerprint(labels: Path, scorer: str | Path | None = None) -> str:
    """sha256 over labels and every script that scores them."""
    own = [scorer] if isinstance(scorer, Path) else []
    digest = hashlib.sha256()
    for path in [labels, _HERE / "metrics.py", _HERE / "scoring.py", *own]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _spec(labels: Path, predictions: bytes, names: list[str], scorer: str | Path | None) -> Spec:
    own = isinstance(scorer, Path)
    if not own:
        names = [str(scorer or names[0]), *names[1:]]
    unknown = [name for name in names[1 if own else 0 :] if name not in STOCK]
    if unknown:
        raise EvaluationError(
            f"no stock metric {', '.join(unknown)}; there are {', '.join(STOCK)}", cause="unknown_metric"
        )
    config = {"labels": labels.name, "metrics": names, "own": own, "seed": RESAMPLE_SEED, "replicates": REPLICATES}
    files = {name: (_HERE / name).read_bytes() for name in ("scoring.py", "metrics.py")}
    files |= {"config.json": json.dumps(config).encode(), "predictions.npy": predictions}
    if isinstance(scorer, Path):
        files["evaluate.py"] = scorer.read_bytes()
    return Spec(
        argv=["python", "scoring.py"],
        files=files,
        readonly={"labels": labels.parent},
        collect={"score.json": MAX_ANSWER},
        limits=LIMITS,
    )


def _parse(outcome: Outcome) -> _Answer:
    raw = outcome.files.get("score.json", b"")
    if outcome.kind is not OutcomeKind.OK or not raw:
        last = outcome.log.strip().rpartition("\n")[2][:200]
        raise EvaluationError(f"{outcome.kind}: {outcome.cause or last}", cause="evaluator_failed")
    try:
        return _Answer.model_validate_json(raw)
    except ValidationError as error:
        raise EvaluationError(f"score.json: {error.errors()[0]['msg']}", cause="evaluator_failed") from None
