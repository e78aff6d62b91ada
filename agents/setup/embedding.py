"""Opens the embedder that the settings name: `minilm` (local, the default), `hashing`, or `openai:MODEL[@BASE_URL]`.

An endpoint's embeddings are idempotent steps: each batch is recorded in the run's ledger with its vectors and its cost,
and no text is sent twice. Its threshold is calibrated at first use, on the shipped pairs, and stored in the project
under the embedder's id, so that it is never guessed.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from agents.models.call_faults import TransientFailure, worth_retrying
from agents.models.catalog.prices import Prices
from agents.models.openai.endpoint import UNREACHABLE
from agents.models.openai.sender import MAX_ASKED_PAUSE_S
from agents.models.openai.wire import envelope, losses
from agents.models.openai.wire.address import resolve_address
from agents.models.openai.wire.failures import to_error
from agents.models.outage.circuit_breaker import CircuitBreaker
from agents.models.outage.fallback_chain import FallbackChain
from agents.models.outage.wait_policy import WaitPolicy
from agents.models.retry import RetryPolicy, call_with_retries
from agents.models.spec import parse_spec
from memory.artifacts import write_whole
from memory.bank.bank import HypothesisBank
from memory.embedders.calibrate import calibrate
from memory.embedders.embedder import Embedder, hashing, minilm
from memory.files.project_folder import project_folder
from memory.ledger.keys import step_key
from memory.steps.steps import Steps
from pelagos.errors import BadInput, MissingPart, ModelError, ModelTimeout, ModelUnavailable
from pelagos.facts.calls import Embedded
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent, Lost
from pelagos.http_client import open_client
from pelagos.secrets import redact_key
from pelagos.settings import Models

BATCH = 64
CHARS_PER_TOKEN = 3
FORMS = "minilm, hashing or openai:MODEL[@BASE_URL]"
Vectors = NDArray[np.float32]
Action = Callable[[], tuple[Embedded, Cost]]
Keep = Callable[[str, Cost, Action], Embedded]


def open_embedder(spec: str, settings: Models, project: Path, steps: Steps | None = None) -> Embedder:
    """Return the embedder. An endpoint's calls are recorded in `steps`, if given. Raises BadInput and MissingPart."""
    if spec == "minilm":
        return minilm()
    if spec == "hashing":
        return hashing()
    if not spec.startswith("openai:"):
        raise BadInput(f"models.embedder {spec!r}: no such embedder: {FORMS}")
    keep = _run_unrecorded if steps is None else _record_in(steps)
    past = [] if steps is None else steps.ledger.facts(Embedded).values()
    return EndpointEmbedder(spec, settings, project, keep, past, steps)


def use_wait_policy(embedder: Embedder, wait_policy: WaitPolicy) -> None:
    """From now on, wait for the embedder's endpoint while it is away."""
    if isinstance(embedder, EndpointEmbedder):
        embedder.use_wait_policy(wait_policy)


def check_embedder(spec: str, settings: Models, project: Path) -> None:
    """Check that the embedder is available and is that of the project's bank; an endpoint is asked for one vector.
    Writes nothing. Raises BadInput and MissingPart."""
    embedder = open_embedder(spec, settings, project)
    HypothesisBank.check(project, embedder.id)
    if isinstance(embedder, EndpointEmbedder):
        try:
            with closing(embedder):
                embedder.probe()
        except (ModelUnavailable, ModelTimeout) as error:
            raise MissingPart(f"{error}; start it, or name another by models.embedder: {FORMS}") from None


class EndpointEmbedder:
    """Any OpenAI-compatible `/embeddings` endpoint. Thread-safe. Raises ModelUnavailable if no valid answer comes."""

    def __init__(
        self, spec: str, settings: Models, project: Path, keep: Keep, past: Iterable[Embedded] = (),
        steps: Steps | None = None,
    ) -> None:  # fmt: skip
        self._model, base_url = parse_spec(spec).name, parse_spec(spec).base_url
        self._url, self._key = resolve_address(base_url, os.environ)
        self._settings, self._keep, self._steps = settings, keep, steps
        self.breaker: CircuitBreaker | None = None
        self._chain: FallbackChain[EndpointEmbedder] | None = None
        self._retry_policy = RetryPolicy(settings.retries)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = open_client(self._url, headers=headers, timeout=settings.timeout_s)
        self._price = Prices.load(settings.prices).price(self.id)
        self._project = project
        self._lock = threading.RLock()
        self._known: dict[str, Vectors] = {}
        self._calibrated: dict[str, Any] = {}
        for batch in past:
            self._remember(batch)

    @property
    def id(self) -> str:
        """The embedder's id, without the address: a server that moved is the same model."""
        return f"openai:{self._model}"

    @property
    def name(self) -> str:
        return self.id

    def use_wait_policy(self, wait_policy: WaitPolicy) -> None:
        self.breaker = CircuitBreaker(self.id, self._probe_with_cost, wait_policy)
        self._chain = FallbackChain("embedder", [self], wait_policy)
        self._retry_policy = RetryPolicy(
            self._settings.retries, sleep=wait_policy.pause, longest_asked_s=MAX_ASKED_PAUSE_S
        )

    @property
    def dims(self) -> int:
        return int(self._calibration()["dims"])

    @property
    def tau(self) -> float:
        return float(self._calibration()["tau"])

    def embed(self, texts: list[str]) -> Vectors:
        """Return vectors of shape (n, dims), rows of length 1. Raises ModelUnavailable."""
        vectors = self._look_up(texts)
        if texts and vectors.shape[1] != self.dims:
            raise ModelUnavailable(f"{self._label}: gives {vectors.shape[1]} dims, not {self.dims}: another model?")
        return vectors if texts else np.zeros((0, self.dims), dtype=np.float32)

    def close(self) -> None:
        self._client.close()

    def probe(self) -> None:
        """Raises ModelUnavailable unless the endpoint returns a vector."""
        self._send(["probe"])

    def _look_up(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            text_of_key = {_text_key(text): text for text in texts}
            missing = [key for key in text_of_key if key not in self._known]
            for start in range(0, len(missing), BATCH):
                keys = missing[start : start + BATCH]
                self._remember(self._request_batch(keys, [text_of_key[key] for key in keys]))
            return np.stack([self._known[_text_key(text)] for text in texts]) if texts else np.zeros((0, 0), np.float32)

    def _request_batch(self, keys: list[str], texts: list[str]) -> Embedded:
        def action() -> tuple[Embedded, Cost]:
            vectors, tokens = self._send_when_available(texts)
            raw = base64.b64encode(vectors.astype("<f4").tobytes()).decode()
            return Embedded(embedder=self.id, texts=keys, dims=vectors.shape[1], float32=raw), self._cost(tokens)

        return self._keep(step_key(embedder=self.id, texts=keys), self._cost(_estimate_tokens(texts)), action)

    def _remember(self, batch: Embedded) -> None:
        if batch.embedder == self.id:
            vectors = np.frombuffer(base64.b64decode(batch.float32), dtype="<f4").reshape(-1, batch.dims)
            self._known |= dict(zip(batch.texts, vectors.astype(np.float32), strict=True))

    def _send_when_available(self, texts: list[str]) -> tuple[Vectors, int]:
        return self._send(texts) if self._chain is None else self._chain.ask(lambda _: self._send(texts))[1]

    def _probe_with_cost(self) -> tuple[ModelError | None, Cost]:
        try:
            return None, self._cost(self._post(["probe"])[1])
        except ModelError as error:
            return error, self._cost(_lost_tokens(error, ["probe"]))

    def _send(self, texts: list[str]) -> tuple[Vectors, int]:
        """Return unit vectors and the tokens that the server counted; retries within a bound."""

        def on_fault(_attempt: int, error: ModelError) -> None:
            tokens = _lost_tokens(error, texts)
            if self._steps is not None and tokens:
                lost = Lost(why="failed", spec=self.id, error=str(error)[:500])
                self._steps.spend(lost, step_key(embedder=self.id, texts=texts), self._cost(tokens))
                self._steps.budget.check()

        return call_with_retries(lambda _attempt: self._post(texts), self._retry_policy, on_fault)

    def _post(self, texts: list[str]) -> tuple[Vectors, int]:
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        try:
            response = self._client.post(f"{self._url}/embeddings", json=body)
        except UNREACHABLE:
            raise TransientFailure("down", f"{self._label}: nothing answers") from None
        except httpx.TimeoutException:
            raise ModelTimeout(f"{self._label}: no whole answer within the limit") from None
        except httpx.DecodingError as error:
            raise TransientFailure("nonsense", f"{self._label}: the answer can't be read ({error})"[:300]) from None
        except httpx.TransportError:
            raise TransientFailure("down", f"{self._label}: nothing answers", tokens=_estimate_tokens(texts)) from None
        if response.status_code != 200:
            raise self._to_error(response, texts)
        try:
            data = envelope.parse_body(response.text)
            if envelope.find_error(data):
                raise self._to_error(response, texts)
            return _parse_vectors(data, len(texts)), int(_reported_tokens(data) or _estimate_tokens(texts))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = redact_key(f"{self._label}: no embeddings in the answer ({error})", self._key)
            raise TransientFailure(
                "nonsense", message[:300], tokens=losses.tokens_of_answer(200, response.text, _estimate_tokens(texts))
            ) from None

    def _to_error(self, response: httpx.Response, texts: Sequence[str]) -> ModelUnavailable:
        text = redact_key(response.text, self._key)
        error = to_error(self._label, response.status_code, response.headers, text, _estimate_tokens(texts))
        if isinstance(error, ModelUnavailable):
            return error
        if not worth_retrying(error):
            return ModelUnavailable(str(error))
        return TransientFailure("nonsense", str(error), tokens=_lost_tokens(error, texts))

    def _cost(self, tokens: int) -> Cost:
        return Cost(tokens=tokens, usd=self._price.usd(tokens, 0) if self._price else None)

    def _calibration(self) -> dict[str, Any]:
        """Return tau, dims and the figures behind them, from the project's file or calibrated now."""
        if self._calibrated:
            return self._calibrated
        with self._lock:
            figures = project_folder(self._project) / "embedders.json"
            calibrations = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
            if self.id not in calibrations:
                calibrations[self.id] = calibrate(_UncalibratedEmbedder(self.id, self._look_up))
                write_whole(figures, f"{json.dumps(calibrations, indent=2)}\n".encode())
            self._calibrated = dict(calibrations[self.id])
            return self._calibrated

    @property
    def _label(self) -> str:
        return f"embedder {self._model} at {self._url}"


class _UncalibratedEmbedder:
    """An embedder whose dimension and threshold are not known yet."""

    tau = 1.0

    def __init__(self, id: str, embed: Callable[[Sequence[str]], Vectors]) -> None:
        self.id, self.dims = id, 0
        self._embed = embed

    def embed(self, texts: list[str]) -> Vectors:
        vectors = self._embed(texts)
        self.dims = vectors.shape[1]
        return vectors


def _run_unrecorded(_key: str, _reserve: Cost, action: Action) -> Embedded:
    return action()[0]


def _record_in(steps: Steps) -> Keep:
    return lambda key, reserve, action: steps.made(Embedded, key, Intent(), reserve, action)


def _lost_tokens(error: ModelError, texts: Sequence[str]) -> int:
    """Return the tokens of a failed request; an estimate of the whole request if they aren't known."""
    tokens = getattr(error, "tokens", 0)
    return _estimate_tokens(texts) if tokens is None else int(tokens)


def _text_key(text: str) -> str:
    return step_key(text=text.encode("utf-8", "replace").decode())


def _parse_vectors(data: Any, count: int) -> Vectors:
    """Return rows of length 1, in the order of the texts. Raises ValueError, KeyError or TypeError."""
    rows = sorted(data["data"], key=lambda row: row["index"])
    vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != count:
        raise ValueError(f"{len(rows)} rows of {count}")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or not lengths.all():
        raise ValueError("values that are no valid vector")
    return np.asarray(vectors / lengths, dtype=np.float32)


def _reported_tokens(data: dict[str, Any]) -> int:
    return int((data.get("usage") or {}).get("prompt_tokens") or 0)


def _estimate_tokens(texts: Sequence[str]) -> int:
    """Estimate the tokens of the texts, rather too high."""
    return sum(len(text) // CHARS_PER_TOKEN + 2 for text in texts)
