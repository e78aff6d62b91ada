"""A server that cuts prompts is noticed by its count; one that doesn't is left alone."""

from __future__ import annotations

import pytest

from agents.models.call_faults import UnusableReply
from agents.models.openai.wire.truncation import TruncationDetector
from tools.toolchain import Message

PROSE = "The learning rate is halved whenever the loss has not fallen for five epochs. "


def prompt(chars: int) -> list[Message]:
    return [Message("system", "Be brief."), Message("user", (PROSE * (chars // len(PROSE) + 1))[:chars])]


def test_far_too_few_tokens() -> None:
    with pytest.raises(UnusableReply, match="truncates prompts"):
        TruncationDetector().check(prompt(20_000), 2048)


def test_the_same_greatest_count_for_prompts_of_different_lengths() -> None:
    cuts = TruncationDetector()
    cuts.check(prompt(9000), 2048)
    cuts.check(prompt(9500), 2048)
    with pytest.raises(UnusableReply, match="2048 tokens"):
        cuts.check(prompt(12_000), 2048)


def test_honest_counts_are_let_pass() -> None:
    cuts = TruncationDetector()
    for chars in range(100, 40_000, 700):
        cuts.check(prompt(chars), chars // 5 + 9)
        cuts.check([Message("user", "x = 1\n" + " " * chars)], 4)
        cuts.check(prompt(chars), chars // 4)
