"""Reads Python source as text: removes a byte order mark, follows a coding cookie and changes it to UTF-8.

Programs are written into the sandbox as UTF-8, whatever their original encoding.
"""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.textfile import decode, normalize_newlines, read_bytes, reject_wide_encodings

_COOKIE = re.compile(r"^([ \t\f]*#.*?coding[:=][ \t]*)([-\w.]+)", re.ASCII)
_UTF8 = ("utf-8", "utf-8-sig")


def read_source(path: Path) -> str:
    """The text of a program file. Raises BadInput with one fault that does not name the file."""
    raw = read_bytes(path)
    return decode_source(raw) if path.suffix == ".py" else decode(raw)


def decode_source(raw: bytes) -> str:
    reject_wide_encodings(raw)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    except SyntaxError as error:
        if not any(map(_COOKIE.match, raw.removeprefix(codecs.BOM_UTF8).decode("latin-1").splitlines()[:2])):
            return decode(raw)
        raise BadInput(f"{error.msg or error} in its coding line; save it as UTF-8 without that line") from None
    if encoding in _UTF8:
        return decode(raw)
    try:
        text = normalize_newlines(raw.decode(encoding))
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        raise BadInput(f"line {number}: not {encoding}, as its coding line says; save it as UTF-8") from None
    lines = text.split("\n")
    return "\n".join([*(_COOKIE.sub(r"\g<1>utf-8", line) for line in lines[:2]), *lines[2:]])
