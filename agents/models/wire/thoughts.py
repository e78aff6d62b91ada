"""The thoughts of a reasoning model, which are no part of its answer.

Marks differ by model: `<think>` (DeepSeek-R1, Qwen3), `[THINK]` (Magistral), `<|channel|>analysis` (gpt-oss),
`◁think▷` (Kimi), `<|START_THINKING|>` (Command), `<seed:think>` (Seed-OSS) and others of the same form.
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


def answer(text: str) -> str:
    """What follows the last end mark; "" where the text begins with thoughts that never end."""
    ends = list(_END.finditer(text))
    if ends:
        return text[ends[-1].end() :].lstrip()
    begun = _BEGIN.match(text.lstrip())
    return "" if begun else text
