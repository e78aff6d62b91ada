"""Detects servers that silently truncate a prompt that is longer than their context. No I/O.

The server's own count of the prompt's tokens shows it: far too few for the number of characters, or the same maximum
for prompts of different lengths.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

from agents.models.call_faults import UnusableReply
from tools.toolchain import Message

MIN_PROMPT_CHARS = 2000
CHARS_PER_TOKEN_AT_MOST = 6.5  # for English or code, runs of white space counted as one character; 3 to 4.7 is usual
PROMPTS_AT_THE_LIMIT = 3
LENGTH_RATIO = 1.1


class TruncationDetector:
    """Keeps the token counts of one server. Thread-safe."""

    def __init__(self) -> None:
        self._most, self._lengths = 0, set[int]()
        self._lock = threading.Lock()

    def check(self, messages: Sequence[Message], tokens: int) -> None:
        """Raises UnusableReply for a prompt that was truncated. `tokens` is the server's own count."""
        length = sum(len(re.sub(r"\s+", " ", message.content)) for message in messages)
        if length < MIN_PROMPT_CHARS:
            return
        if length > CHARS_PER_TOKEN_AT_MOST * tokens or self._is_limit(length, tokens):
            raise UnusableReply(
                "cut",
                f"the server read {tokens} tokens of a prompt of {length} characters: it truncates prompts silently; "
                "give it a larger context (Ollama: OLLAMA_CONTEXT_LENGTH or num_ctx)",
                tokens,
            )

    def _is_limit(self, length: int, tokens: int) -> bool:
        with self._lock:
            if tokens > self._most:
                self._most, self._lengths = tokens, set()
            if tokens == self._most:
                self._lengths.add(length)
            lengths = self._lengths if tokens == self._most else set()
            return len(lengths) >= PROMPTS_AT_THE_LIMIT and max(lengths) > LENGTH_RATIO * min(lengths)
