"""Refusals as real servers word them, and what is sent next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.openai.wire.refusals import Change, find_cause, find_change, is_too_long, is_unpaid

SENT: dict[str, Any] = {"max_tokens": 4000, "temperature": 0.7, "seed": 1, "messages": []}
SCHEMA = SENT | {"response_format": {}}
LISTED = SENT | {"logprobs": True, "top_logprobs": 20}

LENGTHS = {
    "vllm": (
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (1000 in the messages, "
        "4000 in the completion). Please reduce the length of the messages or completion.",
        4096 - 1000 - 8,
    ),
    "vllm, newer": (
        "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens "
        "and your request has 1200 input tokens (4000 > 4096 - 1200).",
        4096 - 1200 - 8,
    ),
    "a router": (
        "This endpoint's maximum context length is 4096 tokens. However, you requested about 5100 tokens (1100 of text "
        "input, 4000 in the output). Please reduce the length of either one.",
        4096 - 1100 - 8,
    ),
    "a host": ("`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 1200 `inputs` tokens and 4000", 2889),
    "a vendor": ("max_tokens is too large: 4000. This model supports at most 2048 completion tokens", 2048),
    "a second vendor": ("max_tokens: 4000 > 2048, which is the maximum allowed number of output tokens", 2048),
    "a third": ("`max_tokens` must be less than or equal to `2,048`, the maximum value for this model", 2048),
    "a fourth": ("Invalid max_tokens value, the valid range of max_tokens is [1, 2048]", 2048),
    "without numbers": ("the request is too long for the context window", 2000),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_what_is_left_is_asked_for(name: str) -> None:
    text, room = LENGTHS[name]
    assert find_change(400, text, SENT) == Change("max_tokens", room)
    assert find_change(400, text, SCHEMA) == Change("max_tokens", room)


@pytest.mark.parametrize(
    "text",
    [
        "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        '{"code": 400, "message": "too long", "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 4096}',
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    ],
)
def test_prompt_without_any_room_is_given_up(text: str) -> None:
    assert find_change(400, text, SENT) is None
    assert is_too_long(400, text)


@pytest.mark.parametrize(
    ("text", "fewer"),
    [
        ("top_logprobs must be less than or equal to 5", Change("top_logprobs", 5)),
        (
            "Invalid value for 'top_logprobs': integer above maximum value. Expected a value <= 8",
            Change("top_logprobs", 8),
        ),
        ("logprobs is not supported by this model", Change("logprobs")),
        ("Unrecognized request argument: top_logprobs", Change("logprobs")),
    ],
)
def test_log_probabilities_fewer_or_none(text: str, fewer: Change) -> None:
    assert find_change(400, text, LISTED) == fewer


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("text", ["", "bad request", "Invalid argument", "Extra inputs are not permitted"])
def test_any_400_is_tried_without_the_schema_and_without_log_probabilities(status: int, text: str) -> None:
    assert find_change(status, text, SCHEMA) == Change("response_format")
    assert find_change(status, text, LISTED) == Change("logprobs")
    assert find_change(status, text, SENT) is None


@pytest.mark.parametrize(
    ("status", "text", "what"),
    [
        (400, "The response was filtered due to the prompt triggering our content management policy", "filtered"),
        (403, "Input was flagged by moderation", "filtered"),
        (400, '{"error": {"code": "content_filter"}}', "filtered"),
        (400, "Failed to generate JSON. code: json_validate_failed", "schema"),
        (400, "Could not finish the message because max_tokens or model output limit was reached.", "thoughts"),
        (400, "no such model", None),
        (500, "context canceled", None),
    ],
)
def test_refusal_of_one_prompt(status: int, text: str, what: str | None) -> None:
    assert find_cause(status, text) == what
    assert what is None or find_change(status, text, SCHEMA) is None
    assert not is_too_long(status, text)


def test_money_is_not_waited_for() -> None:
    assert is_unpaid('{"error": {"code": "insufficient_quota"}}')
    assert is_unpaid("Insufficient credits. Add more at ...")
    assert not is_unpaid("rate limit reached, try again in 2 s")


@given(st.integers(400, 599), st.text(), st.sampled_from([SENT, SCHEMA, LISTED]))
def test_whatever_is_refused_the_request_gets_smaller(status: int, text: str, sent: dict[str, Any]) -> None:
    for _ in range(40):
        change = find_change(status, text, sent)
        if change is None:
            return
        assert change.field in sent or change.field == "max_completion_tokens"
        assert change.value is None or 0 < change.value < sent[change.field]
        left = {name: value for name, value in sent.items() if name != change.field}
        sent = left if change.value is None else left | {change.field: change.value}
    raise AssertionError(f"no end with {text!r}")
