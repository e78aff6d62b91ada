"""Where an endpoint lies, which key goes there, and how a model's size follows from its name. No I/O.

`PELAGOS_API_KEY` goes to whatever endpoint is configured; `OPENAI_API_KEY` only to `OPENAI_BASE_URL` or the vendor's
own address, so that it can't leak to an address written in a task or settings file. No message shows a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from pelagos.errors import MissingPart
from pelagos.secrets import key_in

VENDOR_URL = "https://api.openai.com/v1"
SMALL_MODEL_B = 4.0
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


def is_strong(model: str) -> bool:
    """False where the name gives a size of up to 4 billion parameters (`-1.5B`, `135M`); no size: strong."""
    sizes = [float(number) / (1000 if unit in "mM" else 1) for number, unit in _BILLIONS.findall(model)]
    return not sizes or max(sizes) > SMALL_MODEL_B
