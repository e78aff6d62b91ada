"""The OpenAI chat shape, both ways: a Request as a body, a body as a Reply. No I/O.

Shared by the endpoint and the embedded server, which speak the same format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.models.faults import Unsound
from agents.models.protocol import Reply, Request

CHARS_PER_TOKEN_AT_MOST = 40
SHORTEST_SUSPECT = 4096


def body(request: Request, model: str) -> dict[str, Any]:
    """The JSON body that asks for `request`."""
    asked: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
    }
    if request.stop:
        asked["stop"] = list(request.stop)
    if request.schema_ is not None:
        asked["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": dict(request.schema_)},
        }
    if request.top_logprobs:
        asked["logprobs"], asked["top_logprobs"] = True, request.top_logprobs
    return asked


def in_words(schema: Mapping[str, Any]) -> str:
    """The instruction that stands in for a json_schema where a server takes none."""
    return f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{json.dumps(schema)}"


def reply(data: Any, request: Request, seconds: float) -> Reply:
    """The Reply in a chat completion. Raises Unsound where there is none, or one that is empty or far too long."""
    try:
        choice = data["choices"][0]
        text = choice["message"].get("content") or ""
        finish = str(choice.get("finish_reason") or "stop")
        tokens_in, tokens_out, cached, remarks = _usage(data.get("usage"), request, text)
        first = first_logprobs(choice.get("logprobs"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise Unsound("not_json", f"the answer is not a chat completion ({type(error).__name__}: {error})") from None
    check(text, request, tokens_in + tokens_out)
    return Reply(
        text=text, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds, finish=finish,
        first_logprobs=first, remarks=remarks, tokens_read=tokens_in - cached, write_s=seconds,
    )  # fmt: skip


def check(text: str, request: Request, tokens: int) -> None:
    """Raises Unsound for an answer that is empty (unless its probabilities were asked for) or impossibly long."""
    if not text.strip() and not request.top_logprobs:
        raise Unsound("empty", "the answer is empty", tokens)
    if len(text) > max(SHORTEST_SUSPECT, CHARS_PER_TOKEN_AT_MOST * request.max_tokens):
        raise Unsound("nonsense", f"the answer has {len(text)} characters for {request.max_tokens} tokens", tokens)


def first_logprobs(logprobs: Any) -> dict[str, float]:
    """Token -> natural log-probability at the first generated position."""
    content = (logprobs or {}).get("content") or []
    if not content:
        return {}
    listed = [content[0], *(content[0].get("top_logprobs") or [])]
    return {str(item["token"]): float(item["logprob"]) for item in listed}


def _usage(usage: Any, request: Request, text: str) -> tuple[int, int, int, tuple[str, ...]]:
    """Tokens of the prompt and of the answer, those of the prompt that the server had read before, and a remark."""
    if isinstance(usage, dict) and "prompt_tokens" in usage:
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        return int(usage["prompt_tokens"]), int(usage.get("completion_tokens") or 0), int(cached), ()
    return estimate(request), len(text) // 4 + 1, 0, ("the server reports no token counts; they are estimated",)


def estimate(request: Request) -> int:
    """Prompt tokens, rather too many than too few: a token has about four characters of English, three of code."""
    return sum(len(message.content) // 3 + 8 for message in request.messages) + 16
