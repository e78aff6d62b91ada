"""Asks a completion endpoint (`/v1/completions`) for text with the log-probabilities of each token.

A completion continues a prompt exactly as it stands, which a checkpoint with a format of its own needs; a chat endpoint
renders the prompt itself. vLLM serves it; `include_stop_str_in_output` is vLLM's own extension.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import httpx

from agents.models.openai.chat import MOST_LOGPROB
from agents.models.openai.wire.address import resolve_address
from pelagos.errors import ModelTimeout, ModelUnavailable
from pelagos.http_client import open_client
from pelagos.secrets import redact_key

TIMEOUT_S = 600.0
LEAST_LOGPROB = -1e4  # some servers list minus infinity


class Completion(NamedTuple):
    """`likely` holds, per written token, the listed tokens and their natural log-probabilities; it is empty where the
    server gives none. `read` and `written` count tokens; `read` leaves out what the server's cache held."""

    text: str
    tokens: Sequence[str]
    likely: Sequence[Mapping[str, float]]
    read: int = 0
    written: int = 0


class Completions(Protocol):
    @property
    def model(self) -> str: ...

    def complete(self, prompt: str, *, stop: Sequence[str], max_tokens: int, seed: int) -> Completion:
        """Continue `prompt`; a stop string that ended the text is part of it. Raises ModelUnavailable and
        ModelTimeout."""
        ...


class CompletionEndpoint:
    """A model of an OpenAI-compatible server, sampled as GenPRM is evaluated. Thread-safe. Raises MissingPart for an
    address that can't be used."""

    sampling: Mapping[str, float] = {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "logprobs": 20}

    def __init__(self, model: str, base_url: str) -> None:
        self.model = model
        self._url, self._key = resolve_address(base_url, os.environ)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = open_client(self._url, headers=headers, timeout=TIMEOUT_S)

    def complete(self, prompt: str, *, stop: Sequence[str], max_tokens: int, seed: int) -> Completion:
        body = {
            "model": self.model, "prompt": prompt, "stop": list(stop), "max_tokens": max_tokens, "seed": seed,
            "include_stop_str_in_output": True, **self.sampling,
        }  # fmt: skip
        try:
            response = self._client.post(f"{self._url}/completions", json=body)
        except httpx.TimeoutException:
            raise ModelTimeout(f"{self._label}: no answer within {TIMEOUT_S:.0f} s") from None
        except httpx.HTTPError as error:
            raise ModelUnavailable(f"{self._label}: nothing answers ({self._shown(str(error))})") from None
        if response.status_code != httpx.codes.OK:
            raise ModelUnavailable(f"{self._label}: status {response.status_code}: {self._shown(response.text)}")
        try:
            return _parse(response.json())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
            raise ModelUnavailable(f"{self._label}: is no completion: {self._shown(response.text)}") from None

    def _shown(self, text: str) -> str:
        return " ".join(redact_key(text, self._key).split())[:200]

    @property
    def _label(self) -> str:
        return f"model {self.model} at {self._url}"


def _read_logprobs(listed: Any) -> dict[str, float]:
    """Raises ValueError for what is no log-probability: it would become a score, or none."""
    found = {str(token): max(float(value), LEAST_LOGPROB) for token, value in (listed or {}).items()}
    if not all(value <= MOST_LOGPROB for value in found.values()):  # NaN isn't
        raise ValueError("no log-probabilities")
    return found


def _parse(data: Any) -> Completion:
    choice, usage = data["choices"][0], data.get("usage") or {}
    listed = choice.get("logprobs") or {}
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Completion(
        text=str(choice["text"]),
        tokens=[str(token) for token in listed.get("tokens") or ()],
        likely=[_read_logprobs(each) for each in listed.get("top_logprobs") or ()],
        read=max(int(usage.get("prompt_tokens") or 0) - int(cached), 0),
        written=max(int(usage.get("completion_tokens") or 0), 0),
    )
