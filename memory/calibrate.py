"""Calibrates an embedder's repeat threshold tau on labelled pairs of hypotheses (`pairs.jsonl`).

The rule: tau is the middle of the cosine gap that gives the best balanced accuracy on all pairs (the widest such gap,
where several tie). What is reported beside it is measured on pairs that did not choose it: five folds, stratified by
label, fixed order. `python -m memory.calibrate` rewrites `taus.json`. The pairs are ours, written for machine-learning
tasks; for another field a user sets `screen.tau`.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory.embedder import Embedder
from memory.hashing import HashingEmbedder
from memory.minilm import MiniLM

FOLDS = 5
KINDS = ("restated", "reworded", "sibling", "other")
Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]


def pairs() -> list[dict[str, Any]]:
    """The shipped pairs: `a`, `b`, `same`: whether they are one hypothesis, and `kind`.

    Kinds: restated (as one model repeats itself) and reworded (told anew) are the same; sibling (a close relative: the
    technique next to it, or the same one in another place) and other (another technique) are different.
    """
    text = resources.files("memory").joinpath("pairs.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def cosines(embedder: Embedder, labelled: list[dict[str, Any]]) -> Floats:
    """One cosine per pair."""
    left = embedder.embed([pair["a"] for pair in labelled])
    right = embedder.embed([pair["b"] for pair in labelled])
    return np.asarray((left.astype(np.float64) * right).sum(axis=1))


def auc(scores: Floats, same: Labels) -> float:
    """Area under the ROC curve: the share of (same, different) pairs of pairs in the right order; ties are half."""
    gaps = scores[same][:, None] - scores[~same][None, :]
    return float((gaps > 0).mean() + 0.5 * (gaps == 0).mean())


def balanced_accuracy(scores: Floats, same: Labels, tau: float) -> float:
    """Mean of the share of repeats found and the share of different ones let through."""
    return float(((scores[same] >= tau).mean() + (scores[~same] < tau).mean()) / 2)


def best_tau(scores: Floats, same: Labels) -> float:
    """The threshold by the rule above."""
    edges = np.unique(scores)
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    quality = [(balanced_accuracy(scores, same, tau), width) for tau, width in zip(middles, widths, strict=True)]
    return float(middles[max(range(len(middles)), key=quality.__getitem__)])


def held_out(scores: Floats, same: Labels) -> float:
    """Balanced accuracy where each pair is judged by a tau that was chosen without its fold."""
    fold = np.empty(len(scores), dtype=int)
    for label in (True, False):
        fold[same == label] = np.arange((same == label).sum()) % FOLDS
    verdicts = np.zeros(len(scores), dtype=bool)
    for number in range(FOLDS):
        test = fold == number
        verdicts[test] = scores[test] >= best_tau(scores[~test], same[~test])
    return float((verdicts[same].mean() + (~verdicts[~same]).mean()) / 2)


def calibrate(embedder: Embedder) -> dict[str, Any]:
    """tau and its figures."""
    labelled = pairs()
    scores = cosines(embedder, labelled)
    return figures(scores, labelled, embedder.dims)


def figures(scores: Floats, labelled: list[dict[str, Any]], dims: int) -> dict[str, Any]:
    """tau from the pairs' cosines, and what it is worth."""
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
    found = {embedder.id: calibrate(embedder) for embedder in (MiniLM.load(tau=1.0), HashingEmbedder(tau=1.0))}
    path = Path(str(resources.files("memory").joinpath("taus.json")))
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()
