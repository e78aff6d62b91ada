"""Removes a reasoning model's thoughts from its answer.

The marks around thoughts differ by model: `<think>` (DeepSeek-R1, Qwen3), `[THINK]` (Magistral), `<|channel|>analysis`
(gpt-oss), `◁think▷` (Kimi), `<|START_THINKING|>` (Command), `<seed:think>` (Seed-OSS) and others of the same form.
"""

from __future__ import annotations

import re

_WORD = r"(?:seed:|antml:)?(?:think|thinking|thought|thoughts|reasoning|reflection)"
_BEGIN = re.compile(
    rf"<{_WORD}>|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|begin_of_thought\|>|<\|channel\|>(?:analysis|commentary)",
    re.IGNORECASE,
)
_END = re.compile(
    rf"</{_WORD}>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>|<\|channel\|>final(?:<\|message\|>)?",
    re.IGNORECASE,
)


def strip_thoughts(text: str) -> str:
    """Return the text after the last end mark; "" if the text begins with thoughts that never end."""
    ends = list(_END.finditer(text))
    if ends:
        return text[ends[-1].end() :].lstrip()
    starts_with_thoughts = _BEGIN.match(text.lstrip())
    return "" if starts_with_thoughts else text
