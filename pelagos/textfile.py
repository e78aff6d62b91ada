"""Reads text files as editors and spreadsheets write them: UTF-8 with or without a byte order mark, any line ends."""

from __future__ import annotations

import codecs
from pathlib import Path

from pelagos.errors import BadInput

_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """Return the text of `path` with lines that end in `\\n`. Raises BadInput with one fault that does not name the
    file."""
    return decode(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of `path`. Raises BadInput where it can't be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"can't be read: {error.strerror}; mend its name or its permissions") from None


def decode(raw: bytes) -> str:
    """Decode UTF-8. Raises BadInput that names the line and byte where `raw` is not UTF-8, and a likely encoding."""
    reject_wide_encodings(raw)
    try:
        return normalize_newlines(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        number, byte = raw.count(b"\n", 0, error.start) + 1, raw[error.start : error.start + 1]
        description = (
            f"byte 0x{byte.hex()}, '{byte.decode('latin-1')}' in Latin-1" if byte >= b"\xa0" else f"byte 0x{byte.hex()}"
        )
        raise BadInput(f"line {number}: not UTF-8 text ({description}); save it as UTF-8") from None


def reject_wide_encodings(raw: bytes) -> None:
    """Raise BadInput for UTF-16, UTF-32 and bytes that are not text."""
    if raw.startswith(_WIDE_BOMS):
        raise BadInput("UTF-16 or UTF-32 text; save it as UTF-8")
    if (place := raw.find(b"\0")) >= 0:
        raise BadInput(f"not text (byte {place} is zero); it may be a binary file, or UTF-16: save text as UTF-8")


def normalize_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
