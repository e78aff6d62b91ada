"""Reads predictions: an .npy file that hostile code has written.

The whole header is matched before numpy's reader, which evaluates it, sees it: a short text with one flat shape of
plain numbers, no more than the file has bytes, also where a dimension of 0 would hide how large the others are. So
`sandbox.evaluation.arrays` can neither overflow, exceed the number of dimensions nor fill the memory. That file must
not change: it runs beside the labels, and its bytes are part of what a run is pinned to.
"""

from __future__ import annotations

import math
import re

from pelagos.visible import make_one_line
from sandbox.border.reading import REASON_CHARS, Invalid
from sandbox.evaluation.arrays import Array, Malformed, npy

MAX_DIMENSIONS = 3
_MAX_HEADER = 512
_MAGIC = re.compile(rb"\x93NUMPY(?:\x01\x00(..)|\x02\x00(....))", re.DOTALL)
_TYPE = re.compile(rb"'descr': *'[<>|=]?(?:[biuf]\d{1,2}|U\d{1,6}|\?)'")
_HEADER = re.compile(rb"\{[^(){}\[\]#\\\n]*'shape': *\(((?:\d{1,18}, ?)*(?:\d{1,18})?)\)[^(){}\[\]#\\\n]*\} *\n?")


def read_array(raw: bytes) -> Array | Invalid:
    """Return the array, one to three dimensions of numbers or class names."""
    shape = _read_shape(raw)
    if isinstance(shape, Invalid):
        return shape
    if not 0 < len(shape) <= MAX_DIMENSIONS:
        return Invalid(f"an array of {len(shape)} dimensions, at most {MAX_DIMENSIONS} make sense")
    if math.prod(max(1, size) for size in shape) > len(raw):
        return Invalid(f"shape {shape} is more than the file's {len(raw)} bytes can hold"[:REASON_CHARS])
    try:
        return npy(raw)
    except (Malformed, MemoryError) as error:
        return Invalid(make_one_line(str(error) or type(error).__name__, REASON_CHARS))


def _read_shape(raw: bytes) -> tuple[int, ...] | Invalid:
    magic = _MAGIC.match(raw)
    if magic is None:
        return Invalid("not a .npy file of version 1 or 2")
    size = int.from_bytes(magic[1] or magic[2], "little")
    header = raw[magic.end() : magic.end() + size]
    if not len(header) == size <= _MAX_HEADER:
        return Invalid(f"a .npy file whose header of {size} bytes is cut off or longer than {_MAX_HEADER}")
    match = _HEADER.fullmatch(header)
    if match is None:
        return Invalid(f"a .npy file whose header is none: {make_one_line(header.decode('ascii', 'replace'), 80)}")
    if _TYPE.search(header) is None:
        return Invalid(f"expected numbers or class names: {make_one_line(header.decode('ascii', 'replace'), 80)}")
    return tuple(int(size) for size in re.findall(rb"\d+", match[1]))
