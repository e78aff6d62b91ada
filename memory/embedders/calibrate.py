"""Calibrates an embedder's threshold tau for repeats on labelled pairs of hypotheses (`pairs.jsonl`).

The rule: tau is the middle of the cosine gap with the best balanced accuracy on all pairs (the widest such gap where
several tie). The other figures are measured on pairs that were not used to choose tau: five folds, stratified by
label, fixed order. `python -m memory.embedders.calibrate` rewrites `taus.json`. The pairs were written for this
project, for machine-learning tasks; for another field a user sets `screen.tau`.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory.embedders.embedder import Embedder
from memory.embedders.hashing import HashingEmbedder
from memory.embedders.minilm import MiniLM

FOLDS = 5
KINDS = ("restated", "reworded", "sibling", "other")
Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]


def pairs() -> list[dict[str, Any]]:
    """Return the shipped pairs: `a`, `b`, `same` (whether they are the same hypothesis), and `kind`.

    Kinds: restated (as one model repeats itself) and reworded (in other words) are the same; sibling (a close
    relative: a similar technique, or the same one in another place) and other (another technique) are different.
    """
    text = resources.files("memory.embedders").joinpath("pairs.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def cosines(embedder: Embedder, labelled: list[dict[str, Any]]) -> Floats:
    """Return one cosine per pair."""
    left = embedder.embed([pair["a"] for pair in labelled])
    right = embedder.embed([pair["b"] for pair in labelled])
    return np.asarray((left.astype(np.float64) * right).sum(axis=1))


def auc(scores: Floats, same: Labels) -> float:
    """Return the area under the ROC curve: the share of (same, different) combinations of pairs in the right order;
    ties count half."""
    gaps = scores[same][:, None] - scores[~same][None, :]
    return float((gaps > 0).mean() + 0.5 * (gaps == 0).mean())


def balanced_accuracy(scores: Floats, same: Labels, tau: float) -> float:
    """Return the mean of the share of repeats found and the share of different pairs accepted."""
    return float(((scores[same] >= tau).mean() + (scores[~same] < tau).mean()) / 2)


def best_tau(scores: Floats, same: Labels) -> float:
    """Return the threshold by the rule above."""
    edges = np.unique(scores)
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    quality = [(balanced_accuracy(scores, same, tau), width) for tau, width in zip(middles, widths, strict=True)]
    return float(middles[max(range(len(middles)), key=quality.__getitem__)])


def held_out(scores: Floats, same: Labels) -> float:
    """Return the balanced accuracy where each pair is classified with a tau that was chosen without its fold."""
    fold = np.empty(len(scores), dtype=int)
    for label in (True, False):
        fold[same == label] = np.arange((same == label).sum()) % FOLDS
    verdicts = np.zeros(len(scores), dtype=bool)
    for number in range(FOLDS):
        test = fold == number
        verdicts[test] = scores[test] >= best_tau(scores[~test], same[~test])
    return float((verdicts[same].mean() + (~verdicts[~same]).mean()) / 2)


def calibrate(embedder: Embedder) -> dict[str, Any]:
    """Return tau and its figures for an embedder."""
    labelled = pairs()
    scores = cosines(embedder, labelled)
    return figures(scores, labelled, embedder.dims)


def figures(scores: Floats, labelled: list[dict[str, Any]], dims: int) -> dict[str, Any]:
    """Compute tau from the pairs' cosines, and its figures."""
    same = np.array([pair["same"] for pair in labelled])
    kinds = np.array([pair["kind"] for pair in labelled])
    tau = round(best_tau(scores, same), 3)
    return {
        "tau": tau,
        "dims": dims,
        "pairs": len(labelled),
        "same": int(same.sum()),
        "auc": round(auc(scores, same), 3),
        "balanced_accuracy": round(balanced_accuracy(scores, same, tau), 3),
        "balanced_accuracy_held_out": round(held_out(scores, same), 3),
        "held_to_be_repeats": {kind: round(float((scores[kinds == kind] >= tau).mean()), 3) for kind in KINDS},
    }


def main() -> None:
    calibrations = {embedder.id: calibrate(embedder) for embedder in (MiniLM.load(tau=1.0), HashingEmbedder(tau=1.0))}
    path = Path(str(resources.files("memory.embedders").joinpath("taus.json")))
    path.write_text(json.dumps(calibrations, indent=2) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()
