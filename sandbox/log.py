"""A log that can't grow: the first and the last half of a byte budget, with terminal control taken out.

What a program prints is hostile text. It is made visible here, once, so that no terminal, page or prompt downstream is
steered by it. It doesn't escape for HTML: pages do that.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable

from pelagos.visible import unsteered, visible

LONGEST_LINE = 4096


def clean(line: str) -> str:
    """One line without escape sequences, control characters or what a carriage return has overwritten."""
    return visible(unsteered(line).rstrip("\r").rsplit("\r", 1)[-1])


class BoundedLog:
    """Fed with bytes as they come. `on_line` gets each clean line until the budget is used up, then one notice."""

    def __init__(self, budget: int, on_line: Callable[[str], None] | None = None) -> None:
        self._half = max(budget // 2, LONGEST_LINE)
        self._on_line, self._told = on_line, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._open = ""
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._head_size = self._tail_size = self._dropped = 0
        self._late: deque[bytes] = deque()
        self._late_size, self._lost, self._torn = 0, False, False

    def feed(self, data: bytes) -> None:
        """Take what the program printed. Once only the end of it can still matter, bytes are kept as they are."""
        if self._tail and (self._on_line is None or self._told > 2 * self._half):
            self._hold(data)
        else:
            self._read(data)

    def _hold(self, data: bytes) -> None:
        self._late.append(data)
        self._late_size += len(data)
        while self._late_size - len(self._late[0]) >= self._half + LONGEST_LINE:
            gone = self._late.popleft()
            self._late_size -= len(gone)
            self._dropped += gone.count(b"\n")
            self._lost, self._torn = True, not gone.endswith(b"\n")

    def _read(self, data: bytes) -> None:
        *lines, self._open = (self._open + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._take(line)
        while len(self._open) > LONGEST_LINE:
            self._take(self._open[:LONGEST_LINE])
            self._open = self._open[LONGEST_LINE:]

    def close(self) -> str:
        """The whole log: head, a line that says what was left out, tail."""
        late = b"".join(self._late)
        self._late.clear()
        if self._lost:  # what was read before lies further up than what is left
            self._dropped += len(self._tail) + self._torn
            self._tail, self._tail_size, self._open = deque(), 0, ""
            self._decoder.reset()
            late = late.partition(b"\n")[2] or late if self._torn else late
        self._read(late)
        self._read(self._decoder.decode(b"", final=True).encode())
        if self._open:
            self._take(self._open)
            self._open = ""
        gap = [f"[... {self._dropped} lines left out ...]"] if self._dropped else []
        return "\n".join([*self._head, *gap, *self._tail])

    def _take(self, raw: str) -> None:
        for start in range(0, max(len(raw), 1), LONGEST_LINE):
            line = clean(raw[start : start + LONGEST_LINE])
            self._tell(line)
            self._keep(line)

    def _tell(self, line: str) -> None:
        if self._on_line is None or self._told > 2 * self._half:
            return
        self._told += len(line) + 1
        self._on_line(line if self._told <= 2 * self._half else "[... more output than is shown live ...]")

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
