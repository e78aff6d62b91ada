"""The score is not the agent's to write (contract 2): predictions are scored in a second sandbox that alone has labels.

Predictions are bytes from hostile code; nothing here parses them. Scripts and labels are hashed, and the bytes that
are hashed are the bytes that run. What comes back is JSON of a declared schema.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import EvaluationError, SandboxError
from pelagos.nouns import Metric, OutcomeKind
from sandbox.border.scores import MOST_BYTES, Refusal, read_scores
from sandbox.border.told import Invalid
from sandbox.faults import PASSING
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

STOCK = ("accuracy", "macro_f1", "mae", "rmse", "auroc", "log_loss", "exact")
LIMITS = Limits(seconds=120, memory_mb=2048, pids=64, cpus=1, disk_mb=512)
_SCRIPTS = ("arrays.py", "metrics.py", "scoring.py")


@dataclass(frozen=True)
class Scores:
    """`replicates`: the metric on 200 item resamples, the same for every experiment of a split (paired by index).

    `digest` is the hash of evaluator and labels, `isolation` what the scoring ran in.
    """

    score: float
    replicates: list[float]
    guards: dict[str, float]
    isolation: str = ""
    digest: str = ""


class Evaluator:
    """Scores predictions in `sandbox`. The scripts are read once, when it's made."""

    def __init__(self, sandbox: Sandbox, limits: Limits = LIMITS) -> None:
        self._sandbox, self._limits = sandbox, limits
        here = Path(__file__).parent
        self._scripts = {f"sandbox/{name}": (here / name).read_bytes() for name in _SCRIPTS}

    def digest(self, labels: Path, scorer: str | Path) -> str:
        """The hash of everything that decides a score but the predictions: what a pin is compared with."""
        return _hash(self._files(labels, scorer))

    def score(
        self,
        labels: Path,
        predictions: bytes,
        metric: Metric,
        guards: Sequence[Metric] = (),
        scorer: str | Path | None = None,
        pin: str = "",
    ) -> Scores:
        """Score an .npy file's bytes against `labels` (.npy, or .npz with `y`).

        `scorer` is a stock name (default: the metric's own) or the task's evaluate.py, whose
        `score(predictions, labels) -> float` is the metric; a guard that isn't stock is a function of its name in
        there. `pin` is an earlier digest.
        Raises EvaluationError with its cause class, SandboxError if there is no sandbox to score in or it was stopped
        from outside.
        """
        scorer = scorer or metric.name
        files = self._files(labels, scorer)
        digest = _hash(files)
        if pin and pin != digest:
            raise EvaluationError(f"evaluator or labels changed: {digest[:12]}, pinned {pin[:12]}", cause="tampered")
        if not predictions:
            raise EvaluationError("no predictions were written", cause="missing")
        own = "evaluate.py" in files
        job = {"labels": _labels_name(labels), "metric": str(scorer), "guards": _names(guards, own), "own": own}
        files |= {"predictions.npy": predictions, "job.json": json.dumps(job).encode()}
        outcome = self._sandbox.run(
            Spec(["python", "-m", "sandbox.scoring"], files, collect={"result.json": MOST_BYTES}, limits=self._limits)
        )
        if outcome.kind is OutcomeKind.KILLED:  # no predictions are to blame for that
            raise SandboxError(f"the evaluator was stopped: {outcome.cause}")
        return _scores(outcome, digest)

    def _files(self, labels: Path, scorer: str | Path) -> dict[str, bytes]:
        files = {**self._scripts, "sandbox/__init__.py": b"", _labels_name(labels): _content(labels)}
        if str(scorer) not in STOCK:
            if not Path(scorer).is_file():
                text = f"metric {str(scorer)!r} is neither stock ({', '.join(STOCK)}) nor an evaluate.py"
                raise EvaluationError(text, cause="unknown_metric")
            files["evaluate.py"] = _content(Path(scorer))
        return files


def _scores(outcome: Outcome, digest: str) -> Scores:
    if outcome.kind is not OutcomeKind.OK:
        said = outcome.log.strip().splitlines()[-1:] or [outcome.cause]
        raise EvaluationError(f"{outcome.kind}: {outcome.cause}: {said[0]}"[:300], cause="evaluator_failed")
    done = read_scores(outcome.files.get("result.json", b""))
    if isinstance(done, Refusal):
        raise EvaluationError(done.text, cause=done.cause)
    if isinstance(done, Invalid):
        raise EvaluationError(done.reason, cause="evaluator_failed")
    return Scores(done.score, done.replicates, done.guards, outcome.isolation, digest)


def _hash(files: Mapping[str, bytes]) -> str:
    lines = [f"{hashlib.sha256(files[name]).hexdigest()} {name}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _names(guards: Sequence[Metric], own: bool) -> list[str]:
    unknown = [guard.name for guard in guards if guard.name not in STOCK and not own]
    if unknown:
        text = f"guard {', '.join(unknown)}: not a stock metric ({', '.join(STOCK)})"
        raise EvaluationError(text, cause="unknown_metric")
    return [guard.name for guard in guards]


def _labels_name(labels: Path) -> str:
    return f"labels{labels.suffix}"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"{path}: can't be read: {error.strerror}"
        if error.errno in PASSING:
            raise SandboxError(text) from error
        raise EvaluationError(text, cause="tampered") from error
