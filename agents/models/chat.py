"""The OpenAI chat shape, both ways: a Request as a body, a body as a Reply. No I/O.

Shared by the endpoint and the embedded server, which speak the same format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.models.faults import Unsound
from agents.models.protocol import Reply, Request
from agents.models.wire.thoughts import answer

CHARS_PER_TOKEN_AT_MOST = 40
SHORTEST_SUSPECT = 4096
ESTIMATED = "the server reports no token counts; they are estimated"


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
    """The Reply in a chat completion, without thoughts. Raises Unsound where there is none, or one that is empty, is
    all thoughts, or is far too long."""
    try:
        choice = data["choices"][0]
        message = choice.get("message") or {"content": choice.get("text")}
        written = content(message.get("content"))
        finish = str(choice.get("finish_reason") or "stop")
        usage, first = data.get("usage"), first_logprobs(choice.get("logprobs"))
        thought = content(message.get("reasoning_content") or message.get("reasoning"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        begins = json.dumps(data)[:80]
        raise Unsound("not_json", f"the answer is not a chat completion, it begins {begins!r}") from None
    tokens_in, tokens_out, cached, remarks = _usage(usage, request, thought + written)
    text = answer(written)
    refused = message.get("refusal") or ("filtered" if finish == "content_filter" else "")
    if refused and not text.strip():
        raise Unsound("filtered", f"the model refuses: {str(refused)[:200]}", tokens_in + tokens_out)
    check(text, request, tokens_in + tokens_out, finish, thought + written)
    return Reply(
        text=text, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds, finish=finish,
        first_logprobs=first, remarks=remarks, tokens_read=tokens_in - cached, write_s=seconds,
    )  # fmt: skip


def check(text: str, request: Request, tokens: int, finish: str = "stop", whole: str = "") -> None:
    """Raises Unsound for an answer that is empty (unless its probabilities were asked for) or impossibly long.

    `whole` is the text with its thoughts. Where tokens ended in thoughts, more of them may bring an answer.
    """
    if not text.strip() and not request.top_logprobs:
        if finish == "length" or whole.strip():
            raise Unsound("thoughts", f"all of the answer's {request.max_tokens} tokens are thoughts", tokens)
        raise Unsound("empty", "the answer is empty", tokens)
    if len(text) > max(SHORTEST_SUSPECT, CHARS_PER_TOKEN_AT_MOST * request.max_tokens):
        raise Unsound("nonsense", f"the answer has {len(text)} characters for {request.max_tokens} tokens", tokens)


def content(part: Any) -> str:
    """The text of a message's content: a string, a list of parts, or nothing."""
    if isinstance(part, list):
        return "".join(content(one) for one in part)
    if isinstance(part, dict):
        return content(part.get("text") if part.get("type", "text") in ("text", "output_text") else None)
    return part if isinstance(part, str) else ""


def first_logprobs(logprobs: Any) -> dict[str, float]:
    """Token -> natural log-probability at the first generated position; what has none is left out."""
    if not isinstance(logprobs, dict):
        return {}
    positions = logprobs.get("content")
    if positions:
        listed = [positions[0], *(positions[0].get("top_logprobs") or [])]
        pairs = [(item.get("token"), item.get("logprob")) for item in listed]
    else:
        pairs = _as_completions(logprobs)
    return {str(token): float(value) for token, value in pairs if token is not None and isinstance(value, int | float)}


def _as_completions(logprobs: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """The form of the older completions: `tokens`, `token_logprobs` and a mapping per position."""
    tops = logprobs.get("top_logprobs") or [None]
    top = tops[0].items() if isinstance(tops[0], dict) else ()
    return [*zip((logprobs.get("tokens") or [])[:1], (logprobs.get("token_logprobs") or [])[:1], strict=False), *top]


def _usage(usage: Any, request: Request, text: str) -> tuple[int, int, int, tuple[str, ...]]:
    """Tokens of the prompt and of the answer, those of the prompt that the server had read before, and a remark."""
    told = usage if isinstance(usage, dict) else {}
    prompt, written = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    details = told.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    if prompt is None:
        return estimate(request), len(text) // 4 + 1, 0, (ESTIMATED,)
    return prompt, len(text) // 4 + 1 if written is None else written, min(cached or 0, prompt), ()


def _count(value: Any) -> int | None:
    """A number of tokens; None where there is none, or 0 for what can't be empty."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def estimate(request: Request) -> int:
    """Prompt tokens, rather too many than too few: a token has about four characters of English, three of code."""
    return sum(len(message.content) // 3 + 8 for message in request.messages) + 16
