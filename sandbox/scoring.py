"""The script the evaluator runs in a second sandbox. Reads config.json, labels and predictions; writes score.json.

`score.json` is {"scores": {name: value}, "replicates": [...]} or {"cause": class, "detail": text}. Replicates are the
first metric on item resamples whose indices depend on the number of items and the seed alone, so that differences
between experiments can be formed resample by resample.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
LABEL_COUNT_DIMS = (1, 2)


class Refused(Exception):
    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Refused("evaluator_failed", f"{path.name} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_predictions(count: int) -> Any:
    """The predictions, shape (count,) or (count, k), finite. Raises Refused with the cause class."""
    try:
        array = np.load(HERE / "predictions.npy", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError, MemoryError) as error:
        raise Refused("malformed", str(error).partition("\n")[0][:200]) from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise Refused("malformed", f"dtype {getattr(array, 'dtype', '?')}, wanted numbers")
    if array.ndim not in LABEL_COUNT_DIMS:
        raise Refused("wrong_shape", f"shape {array.shape}, wanted ({count},) or ({count}, classes)")
    if len(array) != count:
        raise Refused("wrong_count", f"{len(array)} predictions for {count} inputs")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Refused("nan", f"{int((~np.isfinite(array)).sum())} predictions are not finite")
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def finite(value: Any, name: str) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise Refused("nan", f"{name} is {number}")
    return number


def evaluate(config: dict[str, Any]) -> dict[str, Any]:
    with np.load(HERE / "labels" / config["labels"], allow_pickle=False) as archive:
        labels = archive["y"]
    predictions = read_predictions(len(labels))
    stock = load(HERE / "metrics.py").STOCK
    first, *guards = config["metrics"]
    metric = load(HERE / "evaluate.py").score if config["own"] else stock[first]
    try:
        scores = {first: finite(metric(predictions, labels), first)}
        scores |= {name: finite(stock[name](predictions, labels), name) for name in guards}
        draw = np.random.default_rng(config["seed"])
        resamples = draw.integers(0, len(labels), size=(config["replicates"], len(labels)))
        replicates = [finite(metric(predictions[rows], labels[rows]), first) for rows in resamples]
    except (ValueError, IndexError, TypeError, ArithmeticError) as error:
        raise Refused("wrong_shape", f"shape {predictions.shape}: {error}"[:300]) from None
    return {"scores": scores, "replicates": replicates}


def main() -> None:
    try:
        answer = evaluate(json.loads((HERE / "config.json").read_text()))
    except Refused as refused:
        answer = {"cause": refused.cause, "detail": str(refused)}
    (HERE / "score.json").write_text(json.dumps(answer, allow_nan=False))


if __name__ == "__main__":
    sys.exit(main())
