"""Thoughts are cut off, whoever marks them."""

from __future__ import annotations

import pytest

from agents.models.openai.wire.thoughts import strip_thoughts

MARKS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<THOUGHT>", "</THOUGHT>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
]


@pytest.mark.parametrize(("begin", "end"), MARKS)
def test_marks_of_all_kinds(begin: str, end: str) -> None:
    assert strip_thoughts(f"{begin}\nhm {{1}}\n{end}\n\nYes") == "Yes"
    assert strip_thoughts(f"so {{1}} it is\n{end}Yes") == "Yes"  # the begin mark is often part of the prompt
    assert strip_thoughts(f"{begin}a{end}b{begin}c{end}Yes") == "Yes"
    assert strip_thoughts(f"\n{begin} and on and on") == ""


@pytest.mark.parametrize("text", ["", "Yes", "I think so", "if a < think: pass", "x </ y", "a <think> later"])
def test_other_text_stays(text: str) -> None:
    assert strip_thoughts(text) == text
