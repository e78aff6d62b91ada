"""The embedder that the settings name: `minilm` (here, the default), `hashing`, or `openai:MODEL[@BASE_URL]`.

An endpoint's embeddings are idempotent steps: each batch is recorded in the run's ledger with its vectors and what it
cost, and no text is sent twice. Its threshold is calibrated at first use, on the shipped pairs, and kept in the project
under its id, so that none is ever guessed.
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

from agents.models.endpoint import UNREACHED
from agents.models.faults import Transient, worth_retrying
from agents.models.outage.breaker import Breaker
from agents.models.outage.chain import Chain
from agents.models.outage.waiting import Waiting
from agents.models.prices import Prices
from agents.models.retry import Patience, persist
from agents.models.sender import ASKED_S
from agents.models.spec import parse
from agents.models.wire import envelope, losses
from agents.models.wire.address import address
from agents.models.wire.failures import failure
from memory.bank import HypothesisBank
from memory.budget import Cost
from memory.calibrate import calibrate
from memory.embedder import Embedder, hashing, minilm
from memory.hidden import hidden
from memory.keys import step_key
from memory.steps import Steps
from pelagos.errors import BadInput, MissingPart, ModelError, ModelTimeout, ModelUnavailable
from pelagos.http_client import client
from pelagos.secrets import without_key
from pelagos.settings import Models

BATCH = 64
CHARS_PER_TOKEN = 3
KIND = "embedding"
FORMS = "minilm, hashing or openai:MODEL[@BASE_URL]"
Vectors = NDArray[np.float32]
Keep = Callable[[str, str, Cost, Callable[[], tuple[dict[str, Any], Cost]]], dict[str, Any]]


def opened(spec: str, settings: Models, project: Path, steps: Steps | None = None) -> Embedder:
    """The embedder; what an endpoint does is recorded in `steps`, if given. Raises BadInput and MissingPart."""
    if spec == "minilm":
        return minilm()
    if spec == "hashing":
        return hashing()
    if not spec.startswith("openai:"):
        raise BadInput(f"models.embedder {spec!r}: no such embedder: {FORMS}")
    keep = _direct if steps is None else _recorded(steps)
    past = [] if steps is None else [event.payload for event in steps.ledger.events(KIND)]
    return EndpointEmbedder(spec, settings, project, keep, past, steps)


def wait_by(embedder: Embedder, waiting: Waiting) -> None:
    """From now on an endpoint that is away is waited for."""
    if isinstance(embedder, EndpointEmbedder):
        embedder.wait_by(waiting)


def check(spec: str, settings: Models, project: Path) -> None:
    """Whether it can be had here and is the one of the project's bank; writes nothing. An endpoint is asked for one
    vector. Raises BadInput, MissingPart."""
    embedder = opened(spec, settings, project)
    HypothesisBank.check(project, embedder.id)
    if isinstance(embedder, EndpointEmbedder):
        try:
            with closing(embedder):
                embedder.probe()
        except (ModelUnavailable, ModelTimeout) as error:
            raise MissingPart(f"{error}; start it, or name another by models.embedder: {FORMS}") from None


class EndpointEmbedder:
    """Any OpenAI-compatible `/embeddings`. Thread-safe. Raises ModelUnavailable where no sound answer comes."""

    def __init__(
        self, spec: str, settings: Models, project: Path, keep: Keep, past: Iterable[dict[str, Any]] = (),
        steps: Steps | None = None,
    ) -> None:  # fmt: skip
        self._model, asked = parse(spec).name, parse(spec).base_url
        self._url, self._key = address(asked, os.environ)
        self._settings, self._keep, self._steps = settings, keep, steps
        self.breaker: Breaker | None = None
        self._chain: Chain[EndpointEmbedder] | None = None
        self._patience = Patience(settings.retries)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = client(self._url, headers=headers, timeout=settings.timeout_s)
        self._price = Prices.load(settings.prices).price(self.id)
        self._project = project
        self._lock = threading.RLock()
        self._known: dict[str, Vectors] = {}
        self._calibrated: dict[str, Any] = {}
        for payload in past:
            self._learn(payload)

    @property
    def id(self) -> str:
        """Without the address: a server that moved is the same model."""
        return f"openai:{self._model}"

    @property
    def name(self) -> str:
        return self.id

    def wait_by(self, waiting: Waiting) -> None:
        self.breaker = Breaker(self.id, self._probed, waiting)
        self._chain = Chain("embedder", [self], waiting)
        self._patience = Patience(self._settings.retries, sleep=waiting.pause, longest_asked_s=ASKED_S)

    @property
    def dims(self) -> int:
        return int(self._calibration()["dims"])

    @property
    def tau(self) -> float:
        return float(self._calibration()["tau"])

    def embed(self, texts: list[str]) -> Vectors:
        """(n, dims), rows of length 1."""
        vectors = self._looked_up(texts)
        if texts and vectors.shape[1] != self.dims:
            raise ModelUnavailable(f"{self._where}: gives {vectors.shape[1]} dims, not {self.dims}: another model?")
        return vectors if texts else np.zeros((0, self.dims), dtype=np.float32)

    def close(self) -> None:
        self._client.close()

    def probe(self) -> None:
        """Raises ModelUnavailable unless it gives a vector."""
        self._send(["probe"])

    def _looked_up(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            wanted = {_mark(text): text for text in texts}
            missing = [mark for mark in wanted if mark not in self._known]
            for start in range(0, len(missing), BATCH):
                marks = missing[start : start + BATCH]
                self._learn(self._asked(marks, [wanted[mark] for mark in marks]))
            return np.stack([self._known[_mark(text)] for text in texts]) if texts else np.zeros((0, 0), np.float32)

    def _asked(self, marks: list[str], texts: list[str]) -> dict[str, Any]:
        def action() -> tuple[dict[str, Any], Cost]:
            vectors, tokens = self._awaited(texts)
            raw = base64.b64encode(vectors.astype("<f4").tobytes()).decode()
            return {"embedder": self.id, "texts": marks, "dims": vectors.shape[1], "float32": raw}, self._cost(tokens)

        key = step_key(embedder=self.id, texts=marks)
        return self._keep(KIND, key, self._cost(_estimate(texts)), action)

    def _learn(self, payload: dict[str, Any]) -> None:
        if payload["embedder"] == self.id:
            vectors = np.frombuffer(base64.b64decode(payload["float32"]), dtype="<f4").reshape(-1, payload["dims"])
            self._known |= dict(zip(payload["texts"], vectors.astype(np.float32), strict=True))

    def _awaited(self, texts: list[str]) -> tuple[Vectors, int]:
        return self._send(texts) if self._chain is None else self._chain.ask(lambda _: self._send(texts))[1]

    def _probed(self) -> tuple[ModelError | None, Cost]:
        try:
            return None, self._cost(self._post(["probe"])[1])
        except ModelError as error:
            return error, self._cost(_lost(error, ["probe"]))

    def _send(self, texts: list[str]) -> tuple[Vectors, int]:
        """Unit vectors and the tokens that the server counted, within the bound of tries."""

        def on_fault(_attempt: int, error: ModelError) -> None:
            tokens = _lost(error, texts)
            if self._steps is not None and tokens:
                told = {"why": "failed", "spec": self.id, "error": str(error)[:500]}
                self._steps.spend("lost", step_key(embedder=self.id, texts=texts), told, self._cost(tokens))
                self._steps.budget.check()

        return persist(lambda _attempt: self._post(texts), self._patience, on_fault)

    def _post(self, texts: list[str]) -> tuple[Vectors, int]:
        asked = {"model": self._model, "input": texts, "encoding_format": "float"}
        try:
            answer = self._client.post(f"{self._url}/embeddings", json=asked)
        except UNREACHED:
            raise Transient("down", f"{self._where}: nothing answers") from None
        except httpx.TimeoutException:
            raise ModelTimeout(f"{self._where}: no whole answer within the limit") from None
        except httpx.DecodingError as error:
            raise Transient("nonsense", f"{self._where}: the answer can't be read ({error})"[:300]) from None
        except httpx.TransportError:
            raise Transient("down", f"{self._where}: nothing answers", tokens=_estimate(texts)) from None
        if answer.status_code != 200:
            raise self._failure(answer, texts)
        try:
            said = envelope.opened(answer.text)
            if envelope.error_of(said):
                raise self._failure(answer, texts)
            return _vectors(said, len(texts)), int(_tokens(said) or _estimate(texts))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            told = without_key(f"{self._where}: no embeddings in the answer ({error})", self._key)
            raise Transient(
                "nonsense", told[:300], tokens=losses.of_answer(200, answer.text, _estimate(texts))
            ) from None

    def _failure(self, answer: httpx.Response, texts: Sequence[str]) -> ModelUnavailable:
        text = without_key(answer.text, self._key)
        error = failure(self._where, answer.status_code, answer.headers, text, _estimate(texts))
        if isinstance(error, ModelUnavailable):
            return error
        if not worth_retrying(error):
            return ModelUnavailable(str(error))
        return Transient("nonsense", str(error), tokens=_lost(error, texts))

    def _cost(self, tokens: int) -> Cost:
        return Cost(tokens=tokens, usd=self._price.of(tokens, 0) if self._price else None)

    def _calibration(self) -> dict[str, Any]:
        """tau, dims and the figures behind them, from the project's file or made now."""
        if self._calibrated:
            return self._calibrated
        with self._lock:
            figures = hidden(self._project) / "embedders.json"
            kept = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
            if self.id not in kept:
                kept[self.id] = calibrate(_Bare(self.id, self._looked_up))
                half = figures.with_name(f"{figures.name}.{os.getpid()}")
                half.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
                half.replace(figures)
            self._calibrated = dict(kept[self.id])
            return self._calibrated

    @property
    def _where(self) -> str:
        return f"embedder {self._model} at {self._url}"


class _Bare:
    """An embedder whose width and threshold are yet to be found."""

    tau = 1.0

    def __init__(self, id: str, embed: Callable[[Sequence[str]], Vectors]) -> None:
        self.id, self.dims = id, 0
        self._embed = embed

    def embed(self, texts: list[str]) -> Vectors:
        vectors = self._embed(texts)
        self.dims = vectors.shape[1]
        return vectors


def _direct(_kind: str, _key: str, _reserve: Cost, action: Callable[[], tuple[dict[str, Any], Cost]]) -> dict[str, Any]:
    return action()[0]


def _recorded(steps: Steps) -> Keep:
    return lambda kind, key, reserve, action: steps.once(kind, key, {}, reserve, action)


def _lost(error: ModelError, texts: Sequence[str]) -> int:
    """Tokens of a request that failed; where they are not known, all of it."""
    tokens = getattr(error, "tokens", 0)
    return _estimate(texts) if tokens is None else int(tokens)


def _mark(text: str) -> str:
    return step_key(text=text.encode("utf-8", "replace").decode())


def _vectors(said: Any, count: int) -> Vectors:
    """Rows of length 1 in the order of what was asked. Raises ValueError, KeyError or TypeError."""
    rows = sorted(said["data"], key=lambda row: row["index"])
    vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != count:
        raise ValueError(f"{len(rows)} rows of {count}")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or not lengths.all():
        raise ValueError("numbers that are no vector")
    return np.asarray(vectors / lengths, dtype=np.float32)


def _tokens(said: dict[str, Any]) -> int:
    return int((said.get("usage") or {}).get("prompt_tokens") or 0)


def _estimate(texts: Sequence[str]) -> int:
    """Rather too many than too few."""
    return sum(len(text) // CHARS_PER_TOKEN + 2 for text in texts)
