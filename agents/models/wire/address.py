"""Where an endpoint lies, which key goes there, and how a model's size follows from its name. No I/O.

`PELAGOS_API_KEY` goes to whatever endpoint is configured; `OPENAI_API_KEY` only to `OPENAI_BASE_URL` or the vendor's
own address, so that it can't leak to an address written in a task or settings file. No message shows a key.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from pelagos.errors import MissingPart

VENDOR_URL = "https://api.openai.com/v1"
SMALL_MODEL_B = 4.0
SHORTEST_HIDDEN = 8  # people write `none` or `EMPTY` where a server wants no key: those are words, no secrets
HIDDEN = "[key]"
_BILLIONS = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)


def address(base_url: str, env: Mapping[str, str]) -> tuple[str, str]:
    """(base URL, key). A URL without a path gets /v1. Raises MissingPart."""
    own, vendor = env.get("PELAGOS_BASE_URL", ""), env.get("OPENAI_BASE_URL", "")
    key, vendor_key = key_in(env, "PELAGOS_API_KEY"), key_in(env, "OPENAI_API_KEY")
    chosen = base_url or own or vendor or (VENDOR_URL if vendor_key else "")
    if not chosen:
        raise MissingPart(
            "model endpoint: no address; write openai:MODEL@http://HOST:PORT/v1 or set PELAGOS_BASE_URL"
            " (and PELAGOS_API_KEY where it wants a key)"
        )
    url = checked(chosen)
    vendors = {VENDOR_URL, vendor.rstrip("/"), f"{vendor.rstrip('/')}/v1"}
    return url, key or (vendor_key if url in vendors else "")


def checked(text: str) -> str:
    """The base URL; its scheme, host and path are all it may have. Raises MissingPart, which doesn't show it."""
    fault = "model endpoint: the base URL must be http(s)://HOST[:PORT][/PATH], without a user, a key or a query"
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        raise MissingPart(fault) from None
    odd = parts.username is not None or parts.query or parts.fragment or port == 0
    if parts.scheme not in ("http", "https") or not parts.hostname or odd:
        raise MissingPart(fault)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix("/chat/completions") or "/v1", "", ""))


def key_in(env: Mapping[str, str], name: str) -> str:
    """The key as it is sent: without the space, the quotes and the `Bearer` that people copy with it. Raises
    MissingPart, which doesn't show it, for what can't be sent."""
    key = env.get(name, "").strip().strip("\"'").strip()
    key = key[len("bearer ") :].strip() if key.lower().startswith("bearer ") else key
    at = next((place for place, char in enumerate(key, 1) if not "!" <= char <= "~"), None)
    if at is not None:
        raise MissingPart(f"{name}: character {at} of {len(key)} is none that a key has: copy the key again")
    return key


def without_key(text: str, key: str) -> str:
    """`text` with the key, in every form in which a server may send it back, taken out."""
    if len(key) < SHORTEST_HIDDEN:
        return text
    forms = {key, quote(key, ""), json.dumps(key)[1:-1], base64.b64encode(key.encode()).decode()}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def is_strong(model: str) -> bool:
    """False where the name gives a size of up to 4 billion parameters (`-1.5B`, `135M`); no size: strong."""
    sizes = [float(number) / (1000 if unit in "mM" else 1) for number, unit in _BILLIONS.findall(model)]
    return not sizes or max(sizes) > SMALL_MODEL_B
