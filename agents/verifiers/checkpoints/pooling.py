"""A verifier whose token-classification head is computed by a vLLM server, at its route /pooling.

vLLM serves Qwen2ForProcessRewardModel so, with one row per step tag. It can't serve the others: it refuses to classify
tokens by a causal language model, and its STEP pooling returns features of the hidden state in place of the labels'
logits (vllm-project/vllm#16545). So tag logits, value heads and log-ratios are read by transformers alone.

The prompt is sent as token ids, laid out here, so that server and client can't differ in how they read a tag.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from agents.verifiers.checkpoints.known import Checkpoint
from agents.verifiers.checkpoints.layouts import Encoded, Labels, check_length, find_labels, lay_out
from agents.verifiers.checkpoints.loading import load_tokenizer
from agents.verifiers.protocol import Solution, StepScores, Usage, check_scores
from pelagos.errors import BadInput, BadScore, ModelUnavailable
from pelagos.http_client import open_client
from pelagos.secrets import read_key, redact_key

PATIENCE_S = 300.0


class _Layout(NamedTuple):
    tokenizer: Any
    labels: Labels
    context: int


class PoolingVerifier:
    """`folder` holds the tokenizer of the checkpoint that the server at `base_url` serves as `model`.

    The server is asked when the first solution is scored. FLOPs are 0: the server doesn't tell its parameters.
    """

    def __init__(self, checkpoint: Checkpoint, folder: Path, base_url: str, model: str) -> None:
        if checkpoint.layout.kind != "classes":
            raise BadInput(
                f"checkpoint {checkpoint.name}: vLLM serves heads of kind classes alone, and its kind is "
                f"{checkpoint.layout.kind}: let transformers read it"
            )
        self.name = f"classes: {checkpoint.name} by vLLM"
        self._checkpoint, self._folder, self._model = checkpoint, folder, model
        self._root = base_url.rstrip("/").removesuffix("/v1")
        self._layout: _Layout | None = None

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Return one probability per step. Raises BadInput, BadScore, MissingPart and ModelUnavailable."""
        places = [place for place, solution in enumerate(solutions) if solution.steps]
        results = [StepScores([]) for _ in solutions]
        if not places:
            return results
        with closing(self._open()) as client:
            layout = self._layout or self._learn(client)
            encoded = [self._encode(layout, place, solutions[place]) for place in places]
            start = time.monotonic()
            answer = self._ask(client, "POST", "/pooling", self._body(encoded))
            per_token = (time.monotonic() - start) / sum(len(each.ids) for each in encoded)
        for place, each, scores in zip(places, encoded, self._read(answer, encoded), strict=True):
            tokens = len(each.ids)
            results[place] = StepScores(scores, Usage(read=tokens, seconds=per_token * tokens, unrecorded=tokens))
        return check_scores(self.name, solutions, results)

    def _learn(self, client: httpx.Client) -> _Layout:
        """Read the tokenizer, and ask the server for its context."""
        tokenizer = load_tokenizer(self._folder, self._checkpoint.name)
        labels = find_labels(tokenizer, self._checkpoint)
        answer = self._ask(client, "GET", "/v1/models")
        try:
            contexts = {str(entry["id"]): int(entry["max_model_len"]) for entry in answer["data"]}
        except (KeyError, TypeError, ValueError, OverflowError):
            raise BadInput(f"{self._root}: is no vLLM server: it names no models with their context") from None
        if self._model not in contexts:
            raise BadInput(f"{self._root}: serves no model {self._model!r}; there are {', '.join(contexts)}")
        self._layout = _Layout(tokenizer, labels, contexts[self._model])
        return self._layout

    def _encode(self, layout: _Layout, place: int, solution: Solution) -> Encoded:
        encoded = lay_out(layout.tokenizer, self._checkpoint, layout.labels, solution)
        check_length(self._checkpoint, encoded, place + 1, layout.context)
        return encoded

    def _body(self, encoded: Sequence[Encoded]) -> dict[str, Any]:
        return {"model": self._model, "task": "token_classify", "input": [each.ids for each in encoded]}

    def _read(self, answer: Any, encoded: Sequence[Encoded]) -> list[list[float]]:
        """One row per tag (STEP pooling), or per token (ALL); a row holds a probability per class."""
        try:
            rows_of = {int(item["index"]): item["data"] for item in answer["data"]}
            return [self._pick(rows_of[place], each) for place, each in enumerate(encoded)]
        except (KeyError, TypeError, ValueError, OverflowError, IndexError, AttributeError) as error:
            raise BadScore(f"{self.name}: the answer of {self._root} can't be read: {type(error).__name__}") from None

    def _pick(self, rows: list[list[float]], encoded: Encoded) -> list[float]:
        if len(rows) == len(encoded.ids):
            rows = [rows[position] for position in encoded.positions]
        if len(rows) != len(encoded.positions):
            config = f'{{"step_tag_id": {encoded.ids[encoded.positions[0]]}}}'
            raise BadScore(
                f"{self.name}: {len(rows)} rows for {len(encoded.positions)} steps: the server looks for another tag: "
                f"start it with --pooler-config '{config}'"
            )
        if any(len(row) != 2 for row in rows):
            raise BadInput(f"{self.name}: the served head has {len(rows[0]):,} columns and should have 2")
        return [float(row[1]) for row in rows]

    def _open(self) -> httpx.Client:
        key = read_key(os.environ, "PELAGOS_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return open_client(self._root, headers=headers, timeout=PATIENCE_S)

    def _ask(self, client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
        """Return the answer's JSON. Raises ModelUnavailable in one line."""
        try:
            response = client.request(method, f"{self._root}{path}", json=body)
            if response.is_success:
                return response.json()
            reason = f"{response.status_code} {' '.join(response.text.split())[:300]}"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
        shown = redact_key(reason, read_key(os.environ, "PELAGOS_API_KEY"))
        raise ModelUnavailable(f"{self.name}: {urlsplit(self._root).netloc}{path} doesn't answer: {shown}")
