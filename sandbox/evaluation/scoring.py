"""The program inside the evaluator's sandbox: reads hostile predictions and the labels, writes one JSON file.

It is started as a module beside `sandbox/evaluation/metrics.py` and `sandbox/evaluation/arrays.py`, which reads the
predictions (.npy, no objects), and imports nothing else but numpy and the task's own evaluate.py.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sandbox.evaluation.arrays import Malformed, npy
from sandbox.evaluation.metrics import STOCK_SCORERS, Array, Unfit

REPLICATES, RESAMPLING_SEED = 200, 20240501


def resamples(n: int) -> Array:
    """(REPLICATES, n) item indices that depend on n alone; the legacy generator never changes its stream."""
    return np.random.RandomState(RESAMPLING_SEED).randint(0, n, size=(REPLICATES, n))


def read_labels(path: Path) -> Array:
    """The array of an .npy file, or `y` of an .npz file."""
    loaded = np.load(path, allow_pickle=False)
    return np.asarray(loaded["y"] if isinstance(loaded, np.lib.npyio.NpzFile) else loaded)


def read_predictions(path: Path, n: int) -> Array:
    """The array, checked. Raises Unfit with the cause class."""
    if path.stat().st_size == 0:
        raise Unfit("missing", "no predictions were written")
    try:
        array = npy(path.read_bytes())
    except Malformed as error:
        raise Unfit("malformed", f"predictions: {error}") from None
    if array.ndim == 0 or array.ndim > 3:
        raise Unfit("wrong_shape", f"predictions have {array.ndim} dimensions")
    if len(array) != n:
        raise Unfit("wrong_count", f"{len(array)} predictions for {n} items")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Unfit("nan", f"{int((~np.isfinite(array)).sum())} predicted values are NaN or infinite")
    return array


def stock(name: str) -> Callable[[Array, Array], tuple[float, list[float]]]:
    """A stock metric as (score, its values on the resamples). An undefined resample takes the score itself."""

    def score(labels: Array, predictions: Array) -> tuple[float, list[float]]:
        n = len(labels)
        counts = np.stack([np.bincount(row, minlength=n) for row in resamples(n)]).astype(float)
        weights = np.concatenate([np.ones((1, n)), counts])
        values = STOCK_SCORERS[name](labels, predictions, weights)
        return float(values[0]), [float(value) for value in np.where(np.isnan(values[1:]), values[0], values[1:])]

    return score


def own(function: Callable[[Array, Array], float]) -> Callable[[Array, Array], tuple[float, list[float]]]:
    """The task's `score(predictions, labels) -> float`, called once per resample."""

    def score(labels: Array, predictions: Array) -> tuple[float, list[float]]:
        whole = float(function(predictions, labels))
        values = [float(function(predictions[row], labels[row])) for row in resamples(len(labels))]
        return whole, [value if math.isfinite(value) else whole for value in values]

    return score


def evaluate(job: dict[str, Any], labels: Array, predictions: Array) -> dict[str, Any]:
    """The result file's content for a main metric and guards."""
    task = _task_module() if job["own"] else None
    main = own(task.score) if task is not None else stock(job["metric"])
    score, replicates = main(labels, predictions)
    guards = {}
    for name in job["guards"]:
        guard = stock(name) if name in STOCK_SCORERS else own(getattr(task, name))
        guards[name] = guard(labels, predictions)[0]
    if not all(map(math.isfinite, [score, *guards.values()])):
        raise Unfit("evaluator_failed", "the score isn't a finite number")
    return {"score": score, "replicates": replicates, "guards": guards}


def _task_module() -> Any:
    spec = importlib.util.spec_from_file_location("evaluate", "evaluate.py")
    if spec is None or spec.loader is None:
        raise Unfit("evaluator_failed", "evaluate.py can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    job = json.loads(Path("job.json").read_text())
    labels = read_labels(Path(job["labels"]))
    try:
        result: dict[str, Any] = evaluate(job, labels, read_predictions(Path("predictions.npy"), len(labels)))
    except Unfit as error:
        result = {"cause": error.cause, "text": str(error)}
    Path("result.json").write_text(json.dumps(result, allow_nan=False))


if __name__ == "__main__":
    main()
