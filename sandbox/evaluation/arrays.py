"""Reads an .npy file that hostile code has written: header against size first, no objects, never a pickle.

It runs on the host and, alone beside the scoring program, inside the evaluator's sandbox; it needs numpy only.
"""

from __future__ import annotations

import io
import math
import sys
import tokenize
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Whatever numpy's reader of a header may raise on hostile bytes.
_UNREADABLE = (
    ValueError, KeyError, EOFError, SyntaxError, OverflowError, TypeError, AttributeError, IndexError, MemoryError,
    RecursionError, tokenize.TokenError,
)  # fmt: skip
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Malformed(ValueError):
    """Bytes that are no array of numbers or strings, in one line."""


def npy(raw: bytes) -> Array:
    """The array, of the shape and dtype that its header says. Raises Malformed."""
    file = io.BytesIO(raw)
    try:
        shape, fortran, dtype = _READERS[np.lib.format.read_magic(file)](file)
    except _UNREADABLE as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        raise Malformed(f"not a .npy file: {said}"[:200]) from None
    if dtype.kind not in "biufU" or dtype.itemsize == 0:
        raise Malformed(f"dtype {str(dtype)[:100]}, expected numbers or class names")
    held = len(raw) - file.tell()
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != held:
        raise Malformed(f"shape {shape} of {dtype} doesn't fit the file's {held} bytes"[:200])
    if dtype.kind == "U" and _last_character(raw, dtype, file.tell()) > sys.maxunicode:
        raise Malformed("text with characters that don't exist")
    return np.ndarray(shape, dtype, bytearray(raw), file.tell(), order="F" if fortran else "C")


def _last_character(raw: bytes, dtype: np.dtype[Any], offset: int) -> int:
    return int(np.frombuffer(raw, f"{dtype.byteorder}u4", offset=offset).max(initial=0))
