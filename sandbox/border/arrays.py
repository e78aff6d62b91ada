"""Predictions: an .npy file that hostile code has written.

The header is matched as a whole before numpy's reader, which evaluates it, sees it: a short text with one flat shape of
plain numbers, no more than the file has bytes, also where a dimension of 0 would hide how large the others are. What
`sandbox.arrays` makes of it can then neither overflow, run out of dimensions nor fill the memory of who lists it. That
file stays as it is: it runs beside the labels, its bytes are part of what a run is pinned to.
"""

from __future__ import annotations

import math
import re

from pelagos.visible import one_line
from sandbox.arrays import Array, Malformed, npy
from sandbox.border.told import REASON, Invalid

MOST_DIMENSIONS = 3
_LONGEST = 512
_MAGIC = re.compile(rb"\x93NUMPY(?:\x01\x00(..)|\x02\x00(....))", re.DOTALL)
_TYPE = re.compile(rb"'descr': *'[<>|=]?(?:[biuf]\d{1,2}|U\d{1,6}|\?)'")
_HEADER = re.compile(rb"\{[^(){}\[\]#\\\n]*'shape': *\(((?:\d{1,18}, ?)*(?:\d{1,18})?)\)[^(){}\[\]#\\\n]*\} *\n?")


def read_array(raw: bytes) -> Array | Invalid:
    """The array, one to three dimensions of numbers or class names."""
    shape = _shape(raw)
    if isinstance(shape, Invalid):
        return shape
    if not 0 < len(shape) <= MOST_DIMENSIONS:
        return Invalid(f"an array of {len(shape)} dimensions, at most {MOST_DIMENSIONS} make sense")
    if math.prod(max(1, size) for size in shape) > len(raw):
        return Invalid(f"shape {shape} is more than the file's {len(raw)} bytes can hold"[:REASON])
    try:
        return npy(raw)
    except (Malformed, MemoryError) as error:
        return Invalid(one_line(str(error) or type(error).__name__, REASON))


def _shape(raw: bytes) -> tuple[int, ...] | Invalid:
    magic = _MAGIC.match(raw)
    if magic is None:
        return Invalid("not a .npy file of version 1 or 2")
    size = int.from_bytes(magic[1] or magic[2], "little")
    header = raw[magic.end() : magic.end() + size]
    if not len(header) == size <= _LONGEST:
        return Invalid(f"a .npy file whose header of {size} bytes is cut off or longer than {_LONGEST}")
    found = _HEADER.fullmatch(header)
    if found is None:
        return Invalid(f"a .npy file whose header is none: {one_line(header.decode('ascii', 'replace'), 80)}")
    if _TYPE.search(header) is None:
        return Invalid(f"expected numbers or class names: {one_line(header.decode('ascii', 'replace'), 80)}")
    return tuple(int(size) for size in re.findall(rb"\d+", found[1]))
