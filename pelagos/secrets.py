"""Keys from the environment: made fit to be sent, and kept out of every text."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

from pelagos.errors import BadInput

SHORTEST_HIDDEN = 8  # people write `none` or `EMPTY` where a server wants no key: those are words, no secrets
HIDDEN = "[key]"


def key_in(env: Mapping[str, str], name: str) -> str:
    """The key as it is sent. Raises BadInput, which doesn't show it, for what can't be sent."""
    key = cleaned(env.get(name, ""))
    at = next((place for place, char in enumerate(key, 1) if not "!" <= char <= "~"), None)
    if at is not None:
        raise BadInput(f"{name}: character {at} of {len(key)} is none that a key has: copy the key again")
    return key


def cleaned(written: str) -> str:
    """Without the space, the quotes and the `Bearer` that people copy with a key."""
    key = written.strip().strip("\"'").strip()
    return key[len("bearer ") :].strip() if key.lower().startswith("bearer ") else key


def without_key(text: str, key: str) -> str:
    """`text` with the key, in every form in which a server may send it back, taken out."""
    if len(key) < SHORTEST_HIDDEN:
        return text
    forms = {key, quote(key, ""), json.dumps(key)[1:-1], base64.b64encode(key.encode()).decode()}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text
