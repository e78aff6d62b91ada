"""Frames on a byte stream: one byte of kind, four of length (big endian), then the content.

The controller and the supervisor inside a container talk in them. What comes out of a container is hostile until it
is looked at, so no frame may be longer than `LONGEST`. Standard library only: it runs inside as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

HEADER = 5
LONGEST = 1 << 30

# To the supervisor.
FILE, START, STOP = b"F", b"S", b"X"
# From the supervisor.
READY, LOG, ENDED, CONTENT, REFUSED, DONE = b"R", b"L", b"E", b"C", b"N", b"D"


class Malformed(Exception):
    """A stream that isn't made of frames."""


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """One frame. Raises Malformed for a content that is too long to be taken at the other end."""
    if len(content) > LONGEST:
        raise Malformed(f"a frame of {len(content)} bytes, more than {LONGEST}")
    return kind + len(content).to_bytes(4, "big") + content


def named(kind: bytes, name: str, content: bytes) -> bytes:
    """A frame that holds a file: the length of its name, the name, the content."""
    encoded = name.encode()
    return frame(kind, len(encoded).to_bytes(2, "big") + encoded + content)


def unnamed(content: bytes) -> tuple[str, bytes]:
    """Name and content of a `named` frame. Raises Malformed."""
    size = int.from_bytes(content[:2], "big")
    if len(content) < 2 + size:
        raise Malformed("a file's frame that ends within its name")
    try:
        return content[2 : 2 + size].decode(), content[2 + size :]
    except UnicodeDecodeError:
        raise Malformed("a file's name that isn't UTF-8") from None


def message(kind: bytes, **values: Any) -> bytes:
    """A frame that holds a JSON object."""
    return frame(kind, json.dumps(values).encode())


class Reader:
    """Takes bytes as they come and hands out the frames that are whole."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._buffer = bytearray()
        self._longest = longest

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """(kind, content) of every frame that `data` completes. Raises Malformed for one that is too long."""
        self._buffer += data
        while len(self._buffer) >= HEADER:
            size = int.from_bytes(self._buffer[1:HEADER], "big")
            if size > self._longest:
                raise Malformed(f"a frame of {size} bytes, more than {self._longest}")
            if len(self._buffer) < HEADER + size:
                return
            whole = bytes(self._buffer[: HEADER + size])
            del self._buffer[: HEADER + size]
            yield whole[:1], whole[HEADER:]
