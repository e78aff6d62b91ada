"""Detects damaged frames at the end of a ledger's write-ahead log.

SQLite silently drops everything from the first frame whose checksum fails; a ledger has to report it. Layout: "WAL
file format" in SQLite's file-format page. Only frames after the last valid commit are checked.
"""

from __future__ import annotations

import struct
from pathlib import Path

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
LITTLE_ENDIAN_MAGIC = 0x377F0682


def damaged_tail(path: Path) -> str:
    """Return what is wrong with the end of `path`'s WAL, '' if nothing."""
    log, index = path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
    if not log.exists() or log.stat().st_size <= HEADER_BYTES:
        return ""
    data = log.read_bytes()
    magic, _version, page, _seq = struct.unpack(">4I", data[:16])
    salts, order = data[16:24], "<" if magic == LITTLE_ENDIAN_MAGIC else ">"
    commit = struct.unpack_from("=I", index.read_bytes(), 16)[0] if index.exists() else 0
    size = FRAME_HEADER_BYTES + page
    seed = (
        data[24:32]
        if commit == 0
        else data[HEADER_BYTES + (commit - 1) * size + 16 : HEADER_BYTES + (commit - 1) * size + 24]
    )
    for start in range(HEADER_BYTES + commit * size, len(data) - size + 1, size):
        frame = data[start : start + size]
        if frame[8:16] != salts:
            return ""
        seed, stored = _checksum(seed, frame[:8] + frame[FRAME_HEADER_BYTES:], order), frame[16:24]
        if seed != stored:
            return "the last write to its log is unfinished or damaged"
    return ""


def _checksum(seed: bytes, data: bytes, order: str) -> bytes:
    s0, s1 = struct.unpack(">2I", seed)
    for x0, x1 in struct.iter_unpack(f"{order}2I", data):
        s0 = (s0 + x0 + s1) & 0xFFFFFFFF
        s1 = (s1 + x1 + s0) & 0xFFFFFFFF
    return struct.pack(">2I", s0, s1)
