"""Any OpenAI-compatible endpoint over HTTP: a vLLM server, Ollama, a vendor.

The key comes from the environment, goes into one header, and appears nowhere else: a body that sends it back is read
without it. Redirects are not followed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from agents.models import chat
from agents.models.faults import Transient, Unsound
from agents.models.protocol import Limit, Reply, Request
from agents.models.vllm_env import has_cuda
from agents.models.wire import envelope, losses, refusals
from agents.models.wire.address import address, is_strong
from agents.models.wire.cuts import Cuts
from agents.models.wire.failures import failure
from agents.models.wire.refusals import Change
from pelagos.errors import MissingPart, ModelError, ModelTimeout
from pelagos.http_client import client
from pelagos.secrets import without_key
from tools.toolchain import Message

LARGEST_BODY = 4_000_000
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
UNREACHED = (
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
    """One model at one base URL. Thread-safe. What the server refused of a request, and took without it, is left out
    from then on."""

    def __init__(self, model: str, base_url: str = "") -> None:
        self.model = model
        self.base_url, self._key = address(base_url, os.environ)
        host = urlsplit(self.base_url).hostname or ""
        self.local = host in LOOPBACK and not has_cuda()
        self.strong = is_strong(model)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = client(self.base_url, headers=headers)
        self._changes: dict[str, int | None] = {}
        self._cuts = Cuts()

    @property
    def spec(self) -> str:
        """Without the address: a server that moved is the same model, and its answers are not paid for twice."""
        return f"openai:{self.model}"

    def close(self) -> None:
        self._client.close()

    def probe(self) -> None:
        """Ask for one word. Raises MissingPart where nobody answers there, or not as an API that has this model does;
        a server that is only slow, busy or out of order now is left to the run."""
        try:
            self.complete(PROBE, Limit(PROBE_S, PROBE_S))
        except Transient as error:
            if error.cause == "down":
                raise MissingPart(f"{error}: start it, or correct the address") from None
        except Unsound as error:
            if error.cause == "not_json":
                raise MissingPart(str(error)) from None
        except ModelTimeout:
            return
        except ModelError as error:
            raise MissingPart(f"{error}: correct the model's name, the address or the key") from None

    def complete(self, request: Request, limit: Limit) -> Reply:
        """One completion within `limit.answer_s` seconds of wall clock, however slowly the bytes come."""
        began, prompt = time.monotonic(), chat.estimate(request)
        end = min(began + limit.answer_s, limit.deadline or began + limit.answer_s)
        changes, tried = dict(self._changes), set[Change]()
        while True:
            sent = self._body(request, changes)
            status, headers, text = self._post(sent, end, prompt)
            if status == 200:
                data = self._data(text, prompt)
                self._learn(changes)
                return self._reply(data, text, request, changes, time.monotonic() - began)
            change = refusals.change(status, text, sent)
            if change is None or change in tried:
                raise failure(self._where, status, headers, text, prompt)
            tried.add(change)
            changes[change.field] = change.value

    def _learn(self, changes: Mapping[str, int | None]) -> None:
        """Keep what holds for every prompt: names of fields and log-probabilities, not how many tokens were left."""
        lasting = {name: value for name, value in changes.items() if name != "max_tokens"}
        self._changes |= {name: None if name == "max_completion_tokens" else lasting[name] for name in lasting}

    def _body(self, request: Request, changes: Mapping[str, int | None]) -> dict[str, Any]:
        asked = chat.body(request, self.model)
        if "response_format" in changes and request.schema_ is not None:
            asked["messages"].append({"role": "user", "content": chat.in_words(request.schema_)})
        if "max_completion_tokens" in changes:
            asked["max_completion_tokens"] = asked.pop("max_tokens")
        for name, value in changes.items():
            if value is not None and name in asked:
                asked[name] = min(asked[name], value)
            elif value is None and name != "max_completion_tokens":
                asked.pop(name, None)
        if "logprobs" in changes:
            asked.pop("top_logprobs", None)
        return asked

    def _post(self, asked: dict[str, Any], deadline: float, prompt: int) -> tuple[int, httpx.Headers, str]:
        left, got = max(deadline - time.monotonic(), 0.01), bytearray()
        try:
            with self._client.stream(
                "POST",
                f"{self.base_url}/chat/completions",
                json=asked,
                timeout=httpx.Timeout(left, connect=min(left, CONNECT_S)),
            ) as response:
                return response.status_code, response.headers, self._read(response, deadline, got, prompt)
        except UNREACHED as error:
            raise Transient("down", f"{self._where}: nothing answers ({self._plain(error)})") from None
        except httpx.TimeoutException:
            raise self._late() from None
        except httpx.DecodingError as error:
            spent = prompt + len(got) // losses.CHARS_PER_TOKEN
            raise Unsound("not_json", f"{self._where}: the answer can't be read: {self._plain(error)}", spent) from None
        except httpx.TransportError as error:
            spent = prompt + len(got) // losses.CHARS_PER_TOKEN
            told = f"{self._where}: nothing answers ({self._plain(error)})"
            raise Transient("down", told, tokens=spent) from None

    def _read(self, response: httpx.Response, deadline: float, got: bytearray, prompt: int) -> str:
        for block in response.iter_bytes():
            got += block
            if time.monotonic() > deadline:
                raise self._late()
            if len(got) > LARGEST_BODY:
                spent = prompt + len(got) // losses.CHARS_PER_TOKEN
                raise Unsound("nonsense", f"{self._where}: the answer is larger than {LARGEST_BODY} bytes", spent)
        return without_key(got.decode("utf-8", "replace"), self._key)

    def _data(self, text: str, prompt: int) -> Any:
        """What a body says. Raises Unsound where it can't be read, and what `failure` makes of an error in it."""
        try:
            data = envelope.opened(text)
        except ValueError as fault:
            told = f"{self._where}: the answer can't be read: {fault}"
            raise Unsound("not_json", told, losses.of_text(text, prompt)) from None
        error = envelope.error_of(data)
        if error is not None:
            raise failure(self._where, error[0] or 200, {}, text, prompt)
        return data

    def _reply(
        self, data: Any, text: str, request: Request, changes: Mapping[str, int | None], seconds: float
    ) -> Reply:
        try:
            reply = chat.reply(data, request, seconds)
        except Unsound as error:
            error.tokens = error.tokens or losses.of_text(text, chat.estimate(request))
            raise
        if chat.ESTIMATED not in reply.remarks:
            self._cuts.check(request.messages, reply.tokens_in)
        asked = {"response_format": request.schema_ is not None, "logprobs": bool(request.top_logprobs)}
        remarks = [said for name, said in REMARKS.items() if name in changes and asked[name]]
        return reply.model_copy(update={"remarks": (*reply.remarks, *remarks)})

    def _late(self) -> ModelTimeout:
        return ModelTimeout(f"{self._where}: no whole answer within the limit")

    def _plain(self, error: Exception) -> str:
        return envelope.one_line(without_key(str(error), self._key)) or type(error).__name__

    @property
    def _where(self) -> str:
        return f"model {self.model} at {self.base_url}"
