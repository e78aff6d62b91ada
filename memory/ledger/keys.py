"""Computes step keys: a hash of everything that determines a side effect (contract 1).

The caller decides what determines it: for a model call the role, the sample index and the sampling seed are among the
parts, so N votes have N keys.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pelagos.visible import replace_surrogates_in_json

KEY_CHARS = 32
_SURROGATE_ESCAPE = r"\ud"  # the escape of a surrogate begins with this, alone or in a pair


def canonical(value: Any) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, ASCII only, lone surrogates replaced. Raises
    ValueError for NaN and infinities."""
    text = _dump(value)
    return _dump(replace_surrogates_in_json(value)) if _SURROGATE_ESCAPE in text else text


def parse_payload(text: str) -> Any:
    """Parse a canonical text. One that an earlier version wrote may hold lone surrogates, which are replaced."""
    value = json.loads(text)
    return replace_surrogates_in_json(value) if _SURROGATE_ESCAPE in text else value


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def step_key(**parts: Any) -> str:
    """Return 32 hex characters of the sha256 of the parts' canonical JSON. Raises TypeError for values that are not
    JSON."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:KEY_CHARS]
