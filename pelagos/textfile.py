"""Reads text files as editors and spreadsheets leave them: UTF-8 with or without a byte order mark, any line ends."""

from __future__ import annotations

import codecs
from pathlib import Path

from pelagos.errors import BadInput

_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """The text of `path`, lines ended by `\\n`. Raises BadInput with one fault that doesn't name the file."""
    return decoded(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Raises BadInput, as above."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"can't be read: {error.strerror}; mend its name or its permissions") from None


def decoded(raw: bytes) -> str:
    """Raises BadInput where `raw` isn't UTF-8: it says where, and what it may be instead."""
    refuse_wide(raw)
    try:
        return with_newlines(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        number, byte = raw.count(b"\n", 0, error.start) + 1, raw[error.start : error.start + 1]
        seen = (
            f"byte 0x{byte.hex()}, '{byte.decode('latin-1')}' in Latin-1" if byte >= b"\xa0" else f"byte 0x{byte.hex()}"
        )
        raise BadInput(f"line {number}: not UTF-8 text ({seen}); save it as UTF-8") from None


def refuse_wide(raw: bytes) -> None:
    """Raises BadInput for UTF-16, UTF-32 and what is no text at all."""
    if raw.startswith(_WIDE):
        raise BadInput("UTF-16 or UTF-32 text; save it as UTF-8")
    if (place := raw.find(b"\0")) >= 0:
        raise BadInput(f"not text (byte {place} is zero); it may be a binary file, or UTF-16: save text as UTF-8")


def with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
