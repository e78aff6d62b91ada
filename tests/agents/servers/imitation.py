"""Imitations of real servers by their documented behaviour, over real HTTP. What they say is scripted; how they say it,
what they refuse and in which words is each server's own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agents.models.openai.sender import SEED_STRIDE
from agents.models.protocol import Request
from tests.agents.scripted import answer_request
from tools.toolchain import Message

CHARS_PER_TOKEN = 4
Body = dict[str, Any]


@dataclass
class Served:
    """A status, a body, and headers."""

    body: Body | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Imitation:
    """Takes a schema and gives log-probabilities, as the OpenAI API describes it. Subclasses differ from it."""

    def __init__(self) -> None:
        self.seen: list[Body] = []
        self.lock = threading.Lock()

    def answer(self, asked: Body) -> Served:
        return Served(self.completed(asked, self.text(asked)))

    def text(self, asked: Body) -> str:
        """What the scripted model says to this."""
        messages = asked["messages"]
        prompt = messages[min(1, len(messages) - 1)]["content"]
        wanted = self.schema(asked)
        if wanted is None:
            return "Yes" if "square" in prompt or "Is four" in prompt else "No"
        request = Request(
            role="planner",
            messages=[Message(one["role"], one["content"]) for one in messages],
            sample=asked.get("seed", len(self.seen)) % SEED_STRIDE,
            schema_=wanted,
        )
        said = answer_request(request, prompt)
        return json.dumps(said | {"papers": []} if "papers" in said else said)

    def schema(self, asked: Body) -> Body | None:
        """The schema, sent as such or put in words."""
        if "response_format" in asked:
            return dict(asked["response_format"]["json_schema"]["schema"])
        _, mark, words = asked["messages"][-1]["content"].partition("It must fit this JSON schema:\n")
        return json.loads(words) if mark else None

    def completed(self, asked: Body, text: str, **message: Any) -> Body:
        top = asked.get("top_logprobs", 0)
        listed = [{"token": text, "logprob": -0.2}, {"token": "No" if text == "Yes" else "Yes", "logprob": -1.7}][:top]
        choice: Body = {
            "index": 0,
            "message": {"role": "assistant", "content": text, **message},
            "finish_reason": "stop",
            "logprobs": {"content": [{**listed[0], "top_logprobs": listed}]} if listed else None,
        }
        return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": self.usage(asked, text)}

    def usage(self, asked: Body, text: str) -> Body | None:
        written = len(text) // CHARS_PER_TOKEN + 1
        return {"prompt_tokens": self.tokens(asked), "completion_tokens": written}

    def tokens(self, asked: Body) -> int:
        return sum(len(one["content"]) for one in asked["messages"]) // CHARS_PER_TOKEN + 1


class Vllm(Imitation):
    """vLLM: knows its model's name, and refuses more tokens than its context has left."""

    context = 3000

    def answer(self, asked: Body) -> Served:
        if asked["model"] != "some-model":
            told = f"The model `{asked['model']}` does not exist."
            return Served({"error": {"message": told, "type": "NotFoundError", "code": 404}}, 404)
        prompt, most = self.tokens(asked), asked["max_tokens"]
        if prompt + most > self.context:
            told = (
                f"'max_tokens' or 'max_completion_tokens' is too large: {most}. This model's maximum context length is "
                f"{self.context} tokens and your request has {prompt} input tokens ({most} > {self.context} - {prompt})."
            )
            return Served({"error": {"message": told, "type": "BadRequestError", "code": 400}}, 400)
        return super().answer(asked)


class LlamaServer(Imitation):
    """llama.cpp's server: 503 while it loads; timings beside the usage; says which prompt has no room."""

    context = 6000

    def answer(self, asked: Body) -> Served:
        if len(self.seen) <= 2:
            return Served({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, 503)
        prompt = self.tokens(asked)
        if prompt > self.context:
            told = f"request ({prompt} tokens) exceeds the available context size ({self.context} tokens)"
            error = {"code": 400, "message": told, "type": "exceed_context_size_error", "n_prompt_tokens": prompt}
            return Served({"error": error | {"n_ctx": self.context}}, 400)
        return Served(self.completed(asked, self.text(asked)) | {"timings": {"prompt_n": prompt, "prompt_ms": 3.5}})


class Ollama(Imitation):
    """Ollama: names with a tag, no word about log-probabilities, a prompt longer than the context cut silently."""

    context = 8192

    def answer(self, asked: Body) -> Served:
        if asked["model"] != "some-model":
            told = f'model "{asked["model"]}" not found, try pulling it first'
            return Served({"error": {"message": told, "type": "api_error", "param": None, "code": None}}, 404)
        return Served(self.completed({**asked, "top_logprobs": 0}, self.text(asked)))

    def tokens(self, asked: Body) -> int:
        return min(self.context, super().tokens(asked))


class Vendor(Imitation):
    """A vendor's reasoning model: no log-probabilities, no temperature, tokens by another name, thoughts that use up
    small answers, one prompt in seven filtered, and a limit on requests."""

    def answer(self, asked: Body) -> Served:
        number = len(self.seen)
        if "max_tokens" in asked:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            return self.refused(told, "unsupported_parameter")
        if asked.get("temperature", 1) != 1:
            told = "Unsupported value: 'temperature' does not support 0.9 with this model. Only the default (1) is supported."
            return self.refused(told, "unsupported_value")
        if "logprobs" in asked:
            return self.refused("You are not allowed to request logprobs from this model", None)
        if number % 11 == 10:
            return Served({"error": {"message": "Rate limit reached"}}, 429, {"Retry-After": "0.01"})
        if number % 7 == 6:
            return self.refused(
                "Invalid prompt: your prompt was flagged as potentially violating our policy", "invalid_prompt"
            )
        if asked["max_completion_tokens"] < 1000:
            body = self.completed(asked, "")
            body["choices"][0]["finish_reason"] = "length"
            return Served(body)
        return Served(self.completed(asked, self.text(asked)))

    def refused(self, message: str, code: str | None) -> Served:
        return Served(
            {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}, 400
        )


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Imitation = self.server.imitation  # type: ignore[attr-defined]
        with server.lock:
            server.seen.append(asked)
            served = server.answer(asked)
        data = (served.body if isinstance(served.body, str) else json.dumps(served.body)).encode()
        self.send_response(served.status)
        for name, value in {"Content-Length": str(len(data)), **served.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@contextmanager
def serving(imitation: Imitation) -> Iterator[str]:
    """The base URL while it serves."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.imitation = imitation  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
