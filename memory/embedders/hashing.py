"""A deterministic embedder without weights: hashed words and character trigrams.

It compares spelling only, no meaning: two wordings of one idea look unrelated to it. For tests, and as a fallback that
warns.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections import Counter

import numpy as np
from numpy.typing import NDArray

DIMS = 512
WORD_WEIGHT = 3.0


class HashingEmbedder:
    ID = "hashing-512"

    def __init__(self, tau: float) -> None:
        self.tau = tau
        warnings.warn("hashing embedder: repeats are recognised by spelling only", stacklevel=3)

    @property
    def id(self) -> str:
        return self.ID

    @property
    def dims(self) -> int:
        return DIMS

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return vectors (n, 512) of length 1; an empty text gives the first unit vector."""
        return np.stack([_vector(text) for text in texts]) if texts else np.zeros((0, DIMS), dtype=np.float32)


def _vector(text: str) -> NDArray[np.float32]:
    vector = np.zeros(DIMS, dtype=np.float32)
    for feature, weight in _features(text).items():
        digest = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        vector[digest % DIMS] += weight if digest >> 63 else -weight
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0] = length = 1.0
    return vector / np.float32(length)


def _features(text: str) -> dict[str, float]:
    words = re.findall(r"\w+", text.lower())
    counts: Counter[str] = Counter(f"w:{word}" for word in words)
    trigrams = Counter(f"t:{padded[i : i + 3]}" for padded in (f" {w} " for w in words) for i in range(len(padded) - 2))
    weights = {feature: WORD_WEIGHT * count**0.5 for feature, count in counts.items()}
    return weights | {feature: count**0.5 for feature, count in trigrams.items()}
