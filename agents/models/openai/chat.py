"""Converts between our Request and Reply and the OpenAI chat format. No I/O.

Shared by the endpoint and the embedded server, which use the same format.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from agents.models.call_faults import UnusableReply
from agents.models.openai.wire.thoughts import strip_thoughts
from agents.models.protocol import Reply, Request

CHARS_PER_TOKEN_AT_MOST = 40
MIN_SUSPECT_CHARS = 4096
MOST_LOGPROB = 0.01  # rounding of a sure token
ESTIMATED = "the server reports no token counts; they are estimated"


def request_body(request: Request, model: str) -> dict[str, Any]:
    """Return the JSON body of `request`."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema_ is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": dict(request.schema_)},
        }
    if request.top_logprobs:
        body["logprobs"], body["top_logprobs"] = True, request.top_logprobs
    return body


def schema_instruction(schema: Mapping[str, Any]) -> str:
    """Return the instruction that replaces a json_schema for a server that doesn't support one."""
    return f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{json.dumps(schema)}"


def parse_reply(data: Any, request: Request, seconds: float) -> Reply:
    """Return the Reply in a chat completion, without thoughts. Raises UnusableReply if there is none, or if it is
    empty, all thoughts or far too long."""
    try:
        choice = data["choices"][0]
        message = choice.get("message") or {"content": choice.get("text")}
        written = content_text(message.get("content"))
        finish = str(choice.get("finish_reason") or "stop")
        usage, first = data.get("usage"), first_logprobs(choice.get("logprobs"))
        thought = content_text(message.get("reasoning_content") or message.get("reasoning"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        begins = json.dumps(data)[:80]
        raise UnusableReply("not_json", f"the answer is not a chat completion, it begins {begins!r}") from None
    tokens_in, tokens_out, cached, remarks = _usage(usage, request, thought + written)
    text = strip_thoughts(written)
    refused = message.get("refusal") or ("filtered" if finish == "content_filter" else "")
    if refused and not text.strip():
        raise UnusableReply("filtered", f"the model refuses: {str(refused)[:200]}", tokens_in + tokens_out)
    check_answer(text, request, tokens_in + tokens_out, finish, thought + written)
    return Reply(
        text=text, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds, finish=finish,
        first_logprobs=first, remarks=remarks, tokens_read=tokens_in - cached, write_s=seconds,
    )  # fmt: skip


def check_answer(text: str, request: Request, tokens: int, finish: str = "stop", whole: str = "") -> None:
    """Raises UnusableReply for an answer that is empty (unless its probabilities were asked for) or impossibly long.

    `whole` is the text with its thoughts. If the tokens ran out within the thoughts, more tokens may give an answer.
    """
    if not text.strip() and not request.top_logprobs:
        if finish == "length" or whole.strip():
            raise UnusableReply("thoughts", f"all of the answer's {request.max_tokens} tokens are thoughts", tokens)
        raise UnusableReply("empty", "the answer is empty", tokens)
    if len(text) > max(MIN_SUSPECT_CHARS, CHARS_PER_TOKEN_AT_MOST * request.max_tokens):
        raise UnusableReply(
            "nonsense", f"the answer has {len(text)} characters for {request.max_tokens} tokens", tokens
        )


def content_text(part: Any) -> str:
    """Return the text of a message's content, which is a string, a list of parts, or absent."""
    if isinstance(part, list):
        return "".join(content_text(item) for item in part)
    if isinstance(part, dict):
        return content_text(part.get("text") if part.get("type", "text") in ("text", "output_text") else None)
    return part if isinstance(part, str) else ""


def first_logprobs(logprobs: Any) -> dict[str, float]:
    """Return token -> natural log-probability at the first generated position, without tokens that have none,
    or a number that is none."""
    if not isinstance(logprobs, dict):
        return {}
    positions = logprobs.get("content")
    if positions:
        listed = [positions[0], *(positions[0].get("top_logprobs") or [])]
        pairs = [(item.get("token"), item.get("logprob")) for item in listed]
    else:
        pairs = _as_completions(logprobs)
    return {
        str(token): float(value)
        for token, value in pairs
        if token is not None and isinstance(value, int | float) and -math.inf < value <= MOST_LOGPROB  # NaN isn't
    }


def _as_completions(logprobs: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Read the format of the older completions API: `tokens`, `token_logprobs` and a mapping per position."""
    tops = logprobs.get("top_logprobs") or [None]
    top = tops[0].items() if isinstance(tops[0], dict) else ()
    return [*zip((logprobs.get("tokens") or [])[:1], (logprobs.get("token_logprobs") or [])[:1], strict=False), *top]


def _usage(usage: Any, request: Request, text: str) -> tuple[int, int, int, tuple[str, ...]]:
    """Return the tokens of the prompt, of the answer, of the cached part of the prompt, and remarks."""
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    details = counts.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    if prompt is None:
        return estimate_tokens(request), len(text) // 4 + 1, 0, (ESTIMATED,)
    return prompt, len(text) // 4 + 1 if completion is None else completion, min(cached or 0, prompt), ()


def _count(value: Any) -> int | None:
    """Return a positive number of tokens, else None: neither a prompt nor an answer can have 0."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def estimate_tokens(request: Request) -> int:
    """Estimate the prompt's tokens, rather too high: a token has about four characters of English, three of code."""
    return sum(len(message.content) // 3 + 8 for message in request.messages) + 16
