"""Step keys: a hash of everything that determines a side effect (contract 1).

The caller decides what determines it: for a model call the role, the sample index and the sampling seed are
among the parts, so N votes are N keys.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pelagos.visible import whole_json

KEY_CHARS = 32
_HALF = r"\ud"  # how the escape of a half begins, alone or in a pair


def canonical(value: Any) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, ASCII only; halves of characters, which no file can hold,
    are replaced. Raises ValueError for NaN and infinities."""
    text = _dumped(value)
    return _dumped(whole_json(value)) if _HALF in text else text


def read_payload(text: str) -> Any:
    """The value of a canonical text. One that an earlier version wrote may hold halves of characters as well."""
    value = json.loads(text)
    return whole_json(value) if _HALF in text else value


def _dumped(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def step_key(**parts: Any) -> str:
    """32 hex characters of the sha256 of the parts' canonical JSON. Raises TypeError for what is not JSON."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:KEY_CHARS]
