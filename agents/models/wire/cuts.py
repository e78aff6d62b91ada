"""Whether a server cut a prompt without a word, as one does whose context is smaller than the prompt. No I/O.

Its own count of the prompt's tokens gives it away: far too few for so many characters, or the same greatest count for
prompts of different lengths.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

from agents.models.faults import Unsound
from tools.toolchain import Message

SHORTEST = 2000
CHARS_PER_TOKEN_AT_MOST = 6.5  # of English or code whose runs of white space count as one character; usual are 3 to 4.7
PROMPTS_AT_THE_LIMIT = 3
DIFFERENT = 1.1


class Cuts:
    """What one server counted so far. Thread-safe."""

    def __init__(self) -> None:
        self._most, self._lengths = 0, set[int]()
        self._lock = threading.Lock()

    def check(self, messages: Sequence[Message], tokens: int) -> None:
        """Raises Unsound for a prompt that was cut. `tokens`: the server's own count of it."""
        length = sum(len(re.sub(r"\s+", " ", message.content)) for message in messages)
        if length < SHORTEST:
            return
        if length > CHARS_PER_TOKEN_AT_MOST * tokens or self._is_limit(length, tokens):
            raise Unsound(
                "cut",
                f"the server read {tokens} tokens of a prompt of {length} characters: it cuts prompts without a word; "
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
            return len(lengths) >= PROMPTS_AT_THE_LIMIT and max(lengths) > DIFFERENT * min(lengths)
