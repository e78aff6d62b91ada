"""Reads API keys from the environment, cleans them, and keeps them out of every text."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

from pelagos.errors import BadInput

SHORTEST_REDACTED = 8  # people write `none` or `EMPTY` where a server wants no key; such words are not secrets
REDACTED = "[key]"
SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "WEBHOOK")
"""How the names of variables end that hold secrets."""


def read_key(env: Mapping[str, str], name: str) -> str:
    """Return the key in the variable `name`, cleaned. Raises BadInput, which doesn't show the key, where a character
    can't be part of a header."""
    key = clean_key(env.get(name, ""))
    at = next((place for place, char in enumerate(key, 1) if not "!" <= char <= "~"), None)
    if at is not None:
        raise BadInput(f"{name}: character {at} of {len(key)} can't be part of a key: copy the key again")
    return key


def clean_key(raw: str) -> str:
    """Remove the space, the quotes and the `Bearer` that people copy with a key."""
    key = raw.strip().strip("\"'").strip()
    return key[len("bearer ") :].strip() if key.lower().startswith("bearer ") else key


def redact_key(text: str, key: str) -> str:
    """Replace `key` in `text`, in every encoding in which a server may send it back. Keys of less than 8 characters
    are not replaced."""
    if len(key) < SHORTEST_REDACTED:
        return text
    forms = {key, quote(key, ""), json.dumps(key)[1:-1], base64.b64encode(key.encode()).decode()}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, REDACTED)
    return text


def redact_environment(text: str, env: Mapping[str, str]) -> str:
    """Replace the value of every variable whose name says that it holds a secret."""
    for name, value in env.items():
        if name.upper().endswith(SECRET_NAMES):
            text = redact_key(text, clean_key(value))
    return text
