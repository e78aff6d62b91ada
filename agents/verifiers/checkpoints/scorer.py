"""A verifier that reads a process reward model's checkpoint with transformers, one pass per solution."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents.verifiers.checkpoints.batches import score_in_batches
from agents.verifiers.checkpoints.known import Checkpoint
from agents.verifiers.checkpoints.layouts import Encoded, Labels, check_length, find_labels, lay_out
from agents.verifiers.checkpoints.loading import RemoteCode, load_tokenizer
from agents.verifiers.checkpoints.readers import Reader, open_reader
from agents.verifiers.protocol import Solution, StepScores, check_scores

BATCH = 8


class _Loaded(NamedTuple):
    tokenizer: Any
    labels: Labels
    reader: Reader


class CheckpointVerifier:
    """Reads `checkpoint` from `folder`, which is loaded when the first solution is scored. Thread-safe.

    `batch` solutions are read at a time. Code that the checkpoint brings along runs only if `remote_code` is trusted.
    """

    def __init__(
        self, checkpoint: Checkpoint, folder: Path, batch: int = BATCH, remote_code: RemoteCode = "never"
    ) -> None:
        self.name = f"{checkpoint.layout.kind}: {checkpoint.name}"
        self._checkpoint, self._folder, self._batch = checkpoint, folder, batch
        self._remote_code: RemoteCode = remote_code
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Return one probability per step. Raises BadInput (a checkpoint of the wrong kind, a step that ends behind the
        context), BadScore and MissingPart."""
        if not any(solution.steps for solution in solutions):
            return [StepScores([]) for _ in solutions]
        loaded = self._load()
        encoded = [self._encode(loaded, place, solution) for place, solution in enumerate(solutions, 1)]

        def read(batch: Sequence[Encoded]) -> list[StepScores]:
            return [StepScores(scores) for scores in loaded.reader.read(batch)]

        results = score_in_batches(encoded, self._batch, 2.0 * loaded.reader.parameters, 1, read)
        return check_scores(self.name, solutions, results)

    def _encode(self, loaded: _Loaded, place: int, solution: Solution) -> Encoded:
        if not solution.steps:
            return Encoded([], [])
        encoded = lay_out(loaded.tokenizer, self._checkpoint, loaded.labels, solution)
        check_length(self._checkpoint, encoded, place, loaded.reader.context)
        return encoded

    def _load(self) -> _Loaded:
        """The tokenizer comes first: its faults are found without reading gigabytes."""
        with self._lock:
            if self._loaded is None:
                tokenizer = load_tokenizer(self._folder, self._checkpoint.name, self._remote_code)
                labels = find_labels(tokenizer, self._checkpoint)
                reader = open_reader(self._folder, self._checkpoint, labels, self._remote_code)
                self._loaded = _Loaded(tokenizer, labels, reader)
            return self._loaded
