"""Step keys: a hash of everything that determines a side effect (contract 1).

The caller decides what determines it: for a model call the role, the sample index and the sampling seed are
among the parts, so N votes are N keys.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

KEY_CHARS = 32


def canonical(value: Any) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, ASCII only. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def step_key(**parts: Any) -> str:
    """32 hex characters of the sha256 of the parts' canonical JSON. Raises TypeError for what is not JSON."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:KEY_CHARS]
