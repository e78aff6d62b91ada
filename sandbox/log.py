"""A log of bounded size: the first and the last half of a byte budget, with terminal control sequences removed.

What a program prints is hostile text. It is cleaned here, once, so that it can't control a terminal, page or prompt
later. It is not escaped for HTML: pages do that.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable

from pelagos.visible import make_visible, strip_escapes

MAX_LINE = 4096


def clean_line(line: str) -> str:
    """Return one line without escape sequences, control characters and text that a carriage return overwrote."""
    return make_visible(strip_escapes(line).rstrip("\r").rsplit("\r", 1)[-1])


class BoundedLog:
    """Takes bytes as they arrive. `on_line` gets each clean line until the budget is used up, then one notice."""

    def __init__(self, budget: int, on_line: Callable[[str], None] | None = None) -> None:
        self._half = max(budget // 2, MAX_LINE)
        self._on_line, self._shown = on_line, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._partial_line = ""
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._head_size = self._tail_size = self._dropped = 0
        self._raw_tail: deque[bytes] = deque()
        self._raw_tail_size, self._raw_dropped, self._starts_mid_line = 0, False, False

    def feed(self, data: bytes) -> None:
        """Take printed bytes. Once only the end can still matter, raw bytes are kept without decoding."""
        if self._tail and (self._on_line is None or self._shown > 2 * self._half):
            self._keep_raw(data)
        else:
            self._split_lines(data)

    def _keep_raw(self, data: bytes) -> None:
        self._raw_tail.append(data)
        self._raw_tail_size += len(data)
        while self._raw_tail_size - len(self._raw_tail[0]) >= self._half + MAX_LINE:
            dropped = self._raw_tail.popleft()
            self._raw_tail_size -= len(dropped)
            self._dropped += dropped.count(b"\n")
            self._raw_dropped, self._starts_mid_line = True, not dropped.endswith(b"\n")

    def _split_lines(self, data: bytes) -> None:
        *lines, self._partial_line = (self._partial_line + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._add_line(line)
        while len(self._partial_line) > MAX_LINE:
            self._add_line(self._partial_line[:MAX_LINE])
            self._partial_line = self._partial_line[MAX_LINE:]

    def close(self) -> str:
        """Return the whole log: head, a line that counts what was left out, tail."""
        rest = b"".join(self._raw_tail)
        self._raw_tail.clear()
        if self._raw_dropped:  # the decoded tail comes before the bytes that were dropped
            self._dropped += len(self._tail) + self._starts_mid_line
            self._tail, self._tail_size, self._partial_line = deque(), 0, ""
            self._decoder.reset()
            rest = rest.partition(b"\n")[2] or rest if self._starts_mid_line else rest
        self._split_lines(rest)
        self._split_lines(self._decoder.decode(b"", final=True).encode())
        if self._partial_line:
            self._add_line(self._partial_line)
            self._partial_line = ""
        notice = [f"[... {self._dropped} lines left out ...]"] if self._dropped else []
        return "\n".join([*self._head, *notice, *self._tail])

    def _add_line(self, raw: str) -> None:
        for start in range(0, max(len(raw), 1), MAX_LINE):
            line = clean_line(raw[start : start + MAX_LINE])
            self._show(line)
            self._keep(line)

    def _show(self, line: str) -> None:
        if self._on_line is None or self._shown > 2 * self._half:
            return
        self._shown += len(line) + 1
        self._on_line(line if self._shown <= 2 * self._half else "[... more output than is shown live ...]")

    def _keep(self, line: str) -> None:
        size = len(line.encode()) + 1
        if not self._tail and self._head_size + size <= self._half:
            self._head.append(line)
            self._head_size += size
            return
        self._tail.append(line)
        self._tail_size += size
        while self._tail_size > self._half:
            self._tail_size -= len(self._tail.popleft().encode()) + 1
            self._dropped += 1
