"""Scores predictions in a second sandbox that alone has the labels: the agent can't write its own score (contract 2).

Predictions are bytes from hostile code; nothing here parses them. Scripts and labels are hashed, and the hashed bytes
are the bytes that run. The result is JSON of a declared schema.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pelagos.errors import EvaluationError, SandboxError
from pelagos.nouns import Metric, OutcomeKind
from sandbox.border.reading import Invalid
from sandbox.border.scores import MOST_BYTES, Refusal, Scores, read_scores
from sandbox.host.os_errors import TRANSIENT_ERRNOS
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

STOCK_NAMES = ("accuracy", "macro_f1", "mae", "rmse", "auroc", "log_loss", "exact")
LIMITS = Limits(seconds=120, memory_mb=2048, pids=64, cpus=1, disk_mb=512)
_SCRIPTS = ("arrays.py", "metrics.py", "scoring.py")


class Evaluator:
    """Scores predictions in `sandbox`. The scripts are read once, when it is created."""

    def __init__(self, sandbox: Sandbox, limits: Limits = LIMITS) -> None:
        self._sandbox, self._limits = sandbox, limits
        here = Path(__file__).parent
        self._scripts = {f"sandbox/evaluation/{name}": (here / name).read_bytes() for name in _SCRIPTS}

    def digest(self, labels: Path, scorer: str | Path) -> str:
        """Return the hash of everything that determines a score except the predictions; pins are compared with it."""
        return _hash_files(self._files(labels, scorer))

    def score(
        self,
        labels: Path,
        predictions: bytes,
        metric: Metric,
        guards: Sequence[Metric] = (),
        scorer: str | Path | None = None,
        pin: str = "",
    ) -> Scores:
        """Score the bytes of an .npy file against `labels` (.npy, or .npz with `y`).

        `scorer` is a stock name (default: the metric's own) or the task's evaluate.py, whose `score(predictions,
        labels) -> float` is the metric; a guard that isn't stock is a function of its name in there. `pin` is an
        earlier digest.

        Raises EvaluationError with its cause class, SandboxError where there is no sandbox or the scoring was stopped
        from outside.
        """
        scorer = scorer or metric.name
        files = self._files(labels, scorer)
        if pin and pin != (digest := _hash_files(files)):
            raise EvaluationError(f"evaluator or labels changed: {digest[:12]}, pinned {pin[:12]}", cause="tampered")
        if not predictions:
            raise EvaluationError("no predictions were written", cause="missing")
        own = "evaluate.py" in files
        job = {"labels": _labels_file(labels), "metric": str(scorer), "guards": _guard_names(guards, own), "own": own}
        files |= {"predictions.npy": predictions, "job.json": json.dumps(job).encode()}
        outcome = self._sandbox.run(
            Spec(
                ["python", "-m", "sandbox.evaluation.scoring"],
                files,
                collect={"result.json": MOST_BYTES},
                limits=self._limits,
            )
        )
        if outcome.kind is OutcomeKind.KILLED:  # the predictions are not the cause
            raise SandboxError(f"the evaluator was stopped: {outcome.cause}")
        return _read_scores(outcome)

    def _files(self, labels: Path, scorer: str | Path) -> dict[str, bytes]:
        files = {**self._scripts, "sandbox/__init__.py": b"", _labels_file(labels): _read_file(labels)}
        if str(scorer) not in STOCK_NAMES:
            if not Path(scorer).is_file():
                text = f"metric {str(scorer)!r} is neither stock ({', '.join(STOCK_NAMES)}) nor an evaluate.py"
                raise EvaluationError(text, cause="unknown_metric")
            files["evaluate.py"] = _read_file(Path(scorer))
        return files


def _read_scores(outcome: Outcome) -> Scores:
    if outcome.kind is not OutcomeKind.OK:
        last_line = outcome.log.strip().splitlines()[-1:] or [outcome.cause]
        raise EvaluationError(f"{outcome.kind}: {outcome.cause}: {last_line[0]}"[:300], cause="evaluator_failed")
    scores = read_scores(outcome.files.get("result.json", b""))
    if isinstance(scores, Refusal):
        raise EvaluationError(scores.text, cause=scores.cause)
    if isinstance(scores, Invalid):
        raise EvaluationError(scores.reason, cause="evaluator_failed")
    return scores


def _hash_files(files: Mapping[str, bytes]) -> str:
    lines = [f"{hashlib.sha256(files[name]).hexdigest()} {name}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _guard_names(guards: Sequence[Metric], own: bool) -> list[str]:
    unknown = [guard.name for guard in guards if guard.name not in STOCK_NAMES and not own]
    if unknown:
        text = f"guard {', '.join(unknown)}: not a stock metric ({', '.join(STOCK_NAMES)})"
        raise EvaluationError(text, cause="unknown_metric")
    return [guard.name for guard in guards]


def _labels_file(labels: Path) -> str:
    return f"labels{labels.suffix}"


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"{path}: can't be read: {error.strerror}"
        if error.errno in TRANSIENT_ERRNOS:
            raise SandboxError(text) from error
        raise EvaluationError(text, cause="tampered") from error
