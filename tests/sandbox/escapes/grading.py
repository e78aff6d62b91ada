"""Predictions that harm whoever scores them. Each makes the bytes of an .npy file; `cause` is how they are refused.

An empty cause: they are scored, honestly, and everything they brought along counts for nothing.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Poison(NamedTuple):
    name: str
    make: Callable[[Path], bytes]
    cause: str
    slow: bool = True


class _Payload:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._mark}",)


def _npy(array: Any, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def _header(text: str, body: bytes = b"") -> bytes:
    line = text.encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + len(line).to_bytes(4, "little") + line + body


def _object_array(mark: Path) -> bytes:
    array = np.empty(4, dtype=object)
    array[:] = [_Payload(mark) for _ in range(4)]
    return _npy(array, pickled=True)


def _zip_bomb(mark: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("y.npy", bytes(50_000_000))
    return file.getvalue()


_SHAPE = "{'descr': '<f8', 'fortran_order': False, 'shape': %s}"
POISONS = [
    Poison("a pickle with a command", lambda mark: pickle.dumps(_Payload(mark)), "malformed"),
    Poison("an array of pickles", _object_array, "malformed", False),
    Poison("a huge pickle", lambda mark: pickle.dumps([_Payload(mark), bytes(40_000_000)]), "malformed"),
    Poison("a zip bomb", _zip_bomb, "malformed"),
    Poison("a shape of petabytes", lambda mark: _header(_SHAPE % "(10**3, 10**12)"), "malformed", False),
    Poison("a shape of petabytes, written out", lambda mark: _header(_SHAPE % "(4, 1000000000000000)"), "malformed"),
    Poison("a negative shape", lambda mark: _header(_SHAPE % "(-4,)", bytes(32)), "malformed"),
    Poison("a header that is a program", lambda mark: _header(f"__import__('os').system('touch {mark}')"), "malformed"),
    Poison("a header nested too deep", lambda mark: _header("(" * 4000), "malformed", False),
    Poison("a header of minus signs", lambda mark: _header("-" * 9000 + "1"), "malformed"),
    Poison("a header of a megabyte", lambda mark: _header(" " * 1_000_000 + _SHAPE % "(4,)"), "malformed"),
    Poison("half a header", lambda mark: _npy(np.zeros(4))[:20], "malformed"),
    Poison("an unknown version", lambda mark: b"\x93NUMPY\x09\x09" + bytes(100), "malformed"),
    Poison("items of no size", lambda mark: _header("{'descr': '|V0', 'fortran_order': False, 'shape': (4,)}"), "malformed"),
    Poison("a record type", lambda mark: _npy(np.zeros(4, dtype=[("a", "f8"), ("b", "i4")])), "malformed"),
    Poison("no characters", lambda mark: _npy(np.array(["a"] * 4))[:-16] + b"\xff" * 16, "malformed"),
    Poison("too few", lambda mark: _npy(np.zeros(3)), "wrong_count"),
    Poison("not a number", lambda mark: _npy(np.array([0.0, 1.0, np.nan, 1.0])), "nan"),
    Poison("infinite", lambda mark: _npy(np.array([0.0, 1.0, np.inf, 1.0])), "nan"),
    Poison("bytes after the array", lambda mark: _npy(np.array([0, 1, 0, 1])) + bytes(100), "malformed"),
    Poison("nothing", lambda mark: b"", "missing"),
    Poison("honest", lambda mark: _npy(np.array([0, 1, 1, 1])), "", False),
]  # fmt: skip
