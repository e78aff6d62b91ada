"""Any OpenAI-compatible endpoint over HTTP: a vLLM server, Ollama, a vendor.

The key comes from the environment, goes into one header, and appears in no message. `PELAGOS_API_KEY` goes to whatever
endpoint is configured; `OPENAI_API_KEY` only to `OPENAI_BASE_URL` or the vendor's own address, so that it can't leak
to an address written in a task or settings file. Redirects are not followed.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from agents.http_client import client
from agents.models import chat
from agents.models.faults import Transient, Unsound
from agents.models.protocol import Limit, Reply, Request
from agents.models.vllm_env import has_cuda
from pelagos.errors import MissingPart, ModelTimeout, ModelUnavailable

VENDOR_URL = "https://api.openai.com/v1"
LARGEST_BODY = 4_000_000
SMALL_MODEL_B = 4.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
OPTIONAL = ("response_format", "seed", "stop", "temperature")
_BILLIONS = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)
_SCHEMA_WORDS = ("response_format", "json_schema", "structured", "guided", "grammar", "schema")


class Endpoint:
    """One model at one base URL. Thread-safe. What the server refuses of a request is left out from then on."""

    def __init__(self, model: str, base_url: str = "") -> None:
        self.model = model
        self.base_url, key = address(base_url, os.environ)
        host = urlsplit(self.base_url).hostname or ""
        self.local = host in LOOPBACK and not has_cuda()
        self.strong = is_strong(model)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = client(self.base_url, headers=headers)
        self._refused: set[str] = set()

    @property
    def spec(self) -> str:
        """Without the address: a server that moved is the same model, and its answers are not paid for twice."""
        return f"openai:{self.model}"

    def close(self) -> None:
        self._client.close()

    def complete(self, request: Request, limit: Limit) -> Reply:
        """One completion within `limit.answer_s` seconds of wall clock, however slowly the bytes come."""
        began = time.monotonic()
        end = min(began + limit.answer_s, limit.deadline or began + limit.answer_s)
        while True:
            status, headers, text = self._post(self._body(request), end)
            if status == 200:
                return self._reply(text, request, time.monotonic() - began)
            refused = self._refusable(status, text, request)
            if refused is None:
                raise self._fault(status, headers, text)
            self._refused.add(refused)

    def _body(self, request: Request) -> dict[str, Any]:
        asked = chat.body(request, self.model)
        if "response_format" in self._refused and request.schema_ is not None:
            asked["messages"].append({"role": "user", "content": chat.in_words(request.schema_)})
        if "max_tokens" in self._refused:
            asked["max_completion_tokens"] = request.max_tokens
        return {name: value for name, value in asked.items() if name not in self._refused}

    def _post(self, asked: dict[str, Any], deadline: float) -> tuple[int, httpx.Headers, str]:
        left = max(deadline - time.monotonic(), 0.01)
        try:
            with self._client.stream(
                "POST", f"{self.base_url}/chat/completions", json=asked, timeout=httpx.Timeout(left)
            ) as response:
                return response.status_code, response.headers, self._read(response, deadline)
        except httpx.TimeoutException:
            raise self._late() from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Transient("down", f"{self._where}: nothing answers ({_plain(error)})") from None

    def _read(self, response: httpx.Response, deadline: float) -> str:
        got = bytearray()
        for block in response.iter_bytes():
            got += block
            if time.monotonic() > deadline:
                raise self._late()
            if len(got) > LARGEST_BODY:
                raise Unsound("nonsense", f"{self._where}: the answer is larger than {LARGEST_BODY} bytes")
        return got.decode("utf-8", "replace")

    def _reply(self, text: str, request: Request, seconds: float) -> Reply:
        try:
            data = json.loads(text)
        except ValueError:
            raise Unsound(
                "not_json", f"{self._where}: the answer is not JSON ({len(text)} bytes, begins {text[:40]!r})"
            ) from None
        reply = chat.reply(data, request, seconds)
        if "response_format" not in self._refused or request.schema_ is None:
            return reply
        remark = "the server takes no json_schema; it was put in words"
        return reply.model_copy(update={"remarks": (*reply.remarks, remark)})

    def _refusable(self, status: int, text: str, request: Request) -> str | None:
        """The optional field that this refusal is about, if it is about one we sent."""
        if status not in (400, 404, 415, 422, 501):
            return None
        said, sent = text.lower(), self._body(request)
        if "max_completion_tokens" in said and "max_tokens" in sent:
            return "max_tokens"
        if "response_format" in sent and any(word in said for word in _SCHEMA_WORDS):
            return "response_format"
        named = [name for name in OPTIONAL if name in sent and name in said]
        return named[0] if named else None

    def _fault(self, status: int, headers: Mapping[str, str], text: str) -> ModelUnavailable:
        said = f"{self._where}: HTTP {status} {_one_line(text)}".rstrip()
        if status == 429:
            return Transient("rate_limited", said, _seconds(headers.get("retry-after", "")))
        if status >= 500 or status == 408:
            return Transient("server_error", said, _seconds(headers.get("retry-after", "")))
        return ModelUnavailable(said)

    def _late(self) -> ModelTimeout:
        return ModelTimeout(f"{self._where}: no whole answer within the limit")

    @property
    def _where(self) -> str:
        return f"model {self.model} at {self.base_url}"


def address(base_url: str, env: Mapping[str, str]) -> tuple[str, str]:
    """(base URL, key). A URL without a path gets /v1; user info is refused. Raises MissingPart."""
    own, vendor = env.get("PELAGOS_BASE_URL", ""), env.get("OPENAI_BASE_URL", "")
    key, vendor_key = env.get("PELAGOS_API_KEY", ""), env.get("OPENAI_API_KEY", "")
    chosen = base_url or own or vendor or (VENDOR_URL if vendor_key else "")
    if not chosen:
        raise MissingPart(
            "model endpoint: no address; write openai:MODEL@http://HOST:PORT/v1 or set PELAGOS_BASE_URL"
            " (and PELAGOS_API_KEY where it wants a key)"
        )
    parts = urlsplit(chosen.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise MissingPart("model endpoint: the base URL must be http(s)://HOST[:PORT][/PATH], without a user or key")
    url = urlunsplit((parts.scheme, parts.netloc, parts.path or "/v1", "", ""))
    vendors = {VENDOR_URL, vendor.rstrip("/"), f"{vendor.rstrip('/')}/v1"}
    return url, key or (vendor_key if url in vendors else "")


def is_strong(model: str) -> bool:
    """False where the name gives a size of up to 4 billion parameters (`-1.5B`, `135M`); no size: strong."""
    sizes = [float(number) / (1000 if unit in "mM" else 1) for number, unit in _BILLIONS.findall(model)]
    return not sizes or max(sizes) > SMALL_MODEL_B


def _seconds(header: str) -> float | None:
    try:
        return float(header)
    except ValueError:
        return None


def _one_line(text: str) -> str:
    try:
        error = json.loads(text)
        error = error.get("error", error) if isinstance(error, dict) else error
        text = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    except ValueError:
        pass  # a proxy's page, not the API's answer: shown as it is
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()[:200]


def _plain(error: Exception) -> str:
    return _one_line(str(error)) or type(error).__name__
