"""Asks any OpenAI-compatible endpoint over HTTP: a vLLM server, Ollama, a vendor.

The key comes from the environment and is sent in one header only. It is removed from every body that repeats it.
Redirects are not followed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from agents.models.call_faults import TransientFailure, UnusableReply
from agents.models.openai import chat
from agents.models.openai.wire import envelope, losses, refusals
from agents.models.openai.wire.address import is_strong, resolve_address
from agents.models.openai.wire.failures import to_error
from agents.models.openai.wire.refusals import Change
from agents.models.openai.wire.truncation import TruncationDetector
from agents.models.protocol import Reply, Request, TimeLimit
from agents.models.vllm.environment import has_cuda
from pelagos.errors import MissingPart, ModelError, ModelTimeout
from pelagos.http_client import open_client
from pelagos.secrets import redact_key
from tools.toolchain import Message

MAX_BODY_BYTES = 4_000_000
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
UNREACHABLE = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)  # fmt: skip
PROBE = Request(role="coder", messages=(Message("user", "Say yes."),), max_tokens=16, temperature=0.0)
PROBE_S, CONNECT_S = 30.0, 10.0
REMARKS = {
    "response_format": "the server takes no json_schema; it was put in words",
    "logprobs": "the server gives no log-probabilities",
}


class Endpoint:
    """One model at one base URL. Thread-safe. A field that the server refused, where the request was accepted without
    it, is left out from then on."""

    def __init__(self, model: str, base_url: str = "") -> None:
        self.model = model
        self.base_url, self._key = resolve_address(base_url, os.environ)
        host = urlsplit(self.base_url).hostname or ""
        self.local = host in LOOPBACK and not has_cuda()
        self.strong = is_strong(model)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = open_client(self.base_url, headers=headers)
        self._changes: dict[str, int | None] = {}
        self._truncation = TruncationDetector()

    @property
    def spec(self) -> str:
        """The spec, without the address: a server that moved is the same model, and its answers aren't paid for
        twice."""
        return f"openai:{self.model}"

    def close(self) -> None:
        self._client.close()

    def probe(self) -> None:
        """Ask for one word. Raises MissingPart if nothing answers at the address, or not as an API that has this model.
        A server that is only slow, busy or failing now raises nothing: the run handles that."""
        try:
            self.complete(PROBE, TimeLimit(PROBE_S, PROBE_S))
        except TransientFailure as error:
            if error.cause == "down":
                raise MissingPart(f"{error}: start it, or correct the address") from None
        except UnusableReply as error:
            if error.cause == "not_json":
                raise MissingPart(str(error)) from None
        except ModelTimeout:
            return
        except ModelError as error:
            raise MissingPart(f"{error}: correct the model's name, the address or the key") from None

    def complete(self, request: Request, limit: TimeLimit) -> Reply:
        """Return one completion within `limit.answer_s` seconds of wall-clock time, however slowly the bytes arrive."""
        began, prompt = time.monotonic(), chat.estimate_tokens(request)
        end = min(began + limit.answer_s, limit.deadline or began + limit.answer_s)
        changes, tried = dict(self._changes), set[Change]()
        while True:
            body = self._body(request, changes)
            status, headers, text = self._post(body, end, prompt)
            if status == 200:
                data = self._parse(text, prompt)
                self._keep_changes(changes)
                return self._reply(data, text, request, changes, time.monotonic() - began)
            change = refusals.find_change(status, text, body)
            if change is None or change in tried:
                raise to_error(self._label, status, headers, text, prompt)
            tried.add(change)
            changes[change.field] = change.value

    def _keep_changes(self, changes: Mapping[str, int | None]) -> None:
        """Keep the changes that hold for every prompt: field names and log-probabilities, but not token limits."""
        lasting = {name: value for name, value in changes.items() if name != "max_tokens"}
        self._changes |= {name: None if name == "max_completion_tokens" else lasting[name] for name in lasting}

    def _body(self, request: Request, changes: Mapping[str, int | None]) -> dict[str, Any]:
        body = chat.request_body(request, self.model)
        if "response_format" in changes and request.schema_ is not None:
            body["messages"].append({"role": "user", "content": chat.schema_instruction(request.schema_)})
        if "max_completion_tokens" in changes:
            body["max_completion_tokens"] = body.pop("max_tokens")
        for name, value in changes.items():
            if value is not None and name in body:
                body[name] = min(body[name], value)
            elif value is None and name != "max_completion_tokens":
                body.pop(name, None)
        if "logprobs" in changes:
            body.pop("top_logprobs", None)
        return body

    def _post(self, body: dict[str, Any], deadline: float, prompt: int) -> tuple[int, httpx.Headers, str]:
        timeout_s, received = max(deadline - time.monotonic(), 0.01), bytearray()
        try:
            with self._client.stream(
                "POST",
                f"{self.base_url}/chat/completions",
                json=body,
                timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S)),
            ) as response:
                return response.status_code, response.headers, self._read(response, deadline, received, prompt)
        except UNREACHABLE as error:
            raise TransientFailure("down", f"{self._label}: nothing answers ({self._describe_error(error)})") from None
        except httpx.TimeoutException:
            raise self._timeout_error() from None
        except httpx.DecodingError as error:
            spent = prompt + len(received) // losses.CHARS_PER_TOKEN
            raise UnusableReply(
                "not_json", f"{self._label}: the answer can't be read: {self._describe_error(error)}", spent
            ) from None
        except httpx.TransportError as error:
            spent = prompt + len(received) // losses.CHARS_PER_TOKEN
            message = f"{self._label}: nothing answers ({self._describe_error(error)})"
            raise TransientFailure("down", message, tokens=spent) from None

    def _read(self, response: httpx.Response, deadline: float, received: bytearray, prompt: int) -> str:
        for block in response.iter_bytes():
            received += block
            if time.monotonic() > deadline:
                raise self._timeout_error()
            if len(received) > MAX_BODY_BYTES:
                spent = prompt + len(received) // losses.CHARS_PER_TOKEN
                raise UnusableReply(
                    "nonsense", f"{self._label}: the answer is larger than {MAX_BODY_BYTES} bytes", spent
                )
        return redact_key(received.decode("utf-8", "replace"), self._key)

    def _parse(self, text: str, prompt: int) -> Any:
        """Parse a body. Raises UnusableReply if it can't be read, and the error of `to_error` for an error in it."""
        try:
            data = envelope.parse_body(text)
        except ValueError as fault:
            message = f"{self._label}: the answer can't be read: {fault}"
            raise UnusableReply("not_json", message, losses.tokens_of_text(text, prompt)) from None
        error = envelope.find_error(data)
        if error is not None:
            raise to_error(self._label, error[0] or 200, {}, text, prompt)
        return data

    def _reply(
        self, data: Any, text: str, request: Request, changes: Mapping[str, int | None], seconds: float
    ) -> Reply:
        try:
            reply = chat.parse_reply(data, request, seconds)
        except UnusableReply as error:
            error.tokens = error.tokens or losses.tokens_of_text(text, chat.estimate_tokens(request))
            raise
        if chat.ESTIMATED not in reply.remarks:
            self._truncation.check(request.messages, reply.tokens_in)
        requested = {"response_format": request.schema_ is not None, "logprobs": bool(request.top_logprobs)}
        remarks = [remark for name, remark in REMARKS.items() if name in changes and requested[name]]
        return reply.model_copy(update={"remarks": (*reply.remarks, *remarks)})

    def _timeout_error(self) -> ModelTimeout:
        return ModelTimeout(f"{self._label}: no whole answer within the limit")

    def _describe_error(self, error: Exception) -> str:
        return envelope.one_line(redact_key(str(error), self._key)) or type(error).__name__

    @property
    def _label(self) -> str:
        return f"model {self.model} at {self.base_url}"
