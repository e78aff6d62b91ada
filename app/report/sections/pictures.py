"""Reads the pictures of a section: PNG files of a bounded size, which the page holds itself."""

from __future__ import annotations

import base64
import struct

from memory.artifacts import ArtifactStore
from pelagos.errors import PelagosError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_BYTES, MOST_PIXELS = 4_000_000, 40_000_000


class BadPicture(ValueError):
    """The artifact is not shown; the message says why."""


def read_picture(store: ArtifactStore, artifact: str) -> bytes:
    """Return the bytes of a PNG artifact. Raises BadPicture."""
    try:
        data = store.get(artifact)
    except PelagosError as error:
        raise BadPicture(f"not readable: {error}") from None
    if len(data) > MOST_BYTES:
        raise BadPicture(f"its {len(data):,} bytes are more than {MOST_BYTES:,}")
    width, height = read_size(data)
    if not 0 < width * height <= MOST_PIXELS:
        raise BadPicture(f"{width} x {height} pixels are too many")
    return data


def read_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels. Raises BadPicture for anything but a PNG file."""
    if data[:8] != SIGNATURE or data[12:16] != b"IHDR" or len(data) < 24:
        raise BadPicture("it is no PNG file")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def to_data_uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
