"""Frames on a byte stream: one byte of kind, four of length (big endian), then the content.

The controller and the supervisor inside a container exchange them. Data from a container is hostile until it is
checked, so no frame may be longer than `MAX_BYTES`. Standard library only: it runs inside as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

HEADER_BYTES = 5
MAX_BYTES = 1 << 30

# To the supervisor.
FILE, START, STOP = b"F", b"S", b"X"
# From the supervisor.
READY, LOG, ENDED, CONTENT, REFUSED, DONE = b"R", b"L", b"E", b"C", b"N", b"D"


class Malformed(Exception):
    """A stream that isn't made of frames."""


def make_frame(kind: bytes, content: bytes = b"") -> bytes:
    """Return one frame. Raises Malformed for a content that is too long for the receiver."""
    if len(content) > MAX_BYTES:
        raise Malformed(f"a frame of {len(content)} bytes, more than {MAX_BYTES}")
    return kind + len(content).to_bytes(4, "big") + content


def file_frame(kind: bytes, name: str, content: bytes) -> bytes:
    """Return a frame that holds a file: the length of its name, the name, the content."""
    encoded = name.encode()
    return make_frame(kind, len(encoded).to_bytes(2, "big") + encoded + content)


def parse_file(content: bytes) -> tuple[str, bytes]:
    """Return name and content of a file frame. Raises Malformed."""
    size = int.from_bytes(content[:2], "big")
    if len(content) < 2 + size:
        raise Malformed("a file's frame that ends within its name")
    try:
        return content[2 : 2 + size].decode(), content[2 + size :]
    except UnicodeDecodeError:
        raise Malformed("a file's name that isn't UTF-8") from None


def json_frame(kind: bytes, **values: Any) -> bytes:
    """Return a frame that holds a JSON object."""
    return make_frame(kind, json.dumps(values).encode())


class Reader:
    """Takes bytes as they arrive and returns complete frames."""

    def __init__(self, longest: int = MAX_BYTES) -> None:
        self._buffer = bytearray()
        self._longest = longest

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield (kind, content) of every frame that `data` completes. Raises Malformed for one that is too long."""
        self._buffer += data
        while len(self._buffer) >= HEADER_BYTES:
            size = int.from_bytes(self._buffer[1:HEADER_BYTES], "big")
            if size > self._longest:
                raise Malformed(f"a frame of {size} bytes, more than {self._longest}")
            if len(self._buffer) < HEADER_BYTES + size:
                return
            whole = bytes(self._buffer[: HEADER_BYTES + size])
            del self._buffer[: HEADER_BYTES + size]
            yield whole[:1], whole[HEADER_BYTES:]
