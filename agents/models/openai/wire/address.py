"""Resolves an endpoint's address and key, and tells a model's size from its name. No I/O.

`PELAGOS_API_KEY` goes to whatever endpoint is configured; `OPENAI_API_KEY` only to `OPENAI_BASE_URL` or the vendor's
own address, so that it can't leak to an address written in a task or settings file. No message shows a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from pelagos.errors import MissingPart
from pelagos.secrets import read_key

VENDOR_URL = "https://api.openai.com/v1"
SMALL_MODEL_B = 4.0
_BILLIONS = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)


def resolve_address(base_url: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Return (base URL, key). A URL without a path gets /v1. Raises MissingPart for a missing or bad address."""
    pelagos_url, vendor_url = env.get("PELAGOS_BASE_URL", ""), env.get("OPENAI_BASE_URL", "")
    key, vendor_key = read_key(env, "PELAGOS_API_KEY"), read_key(env, "OPENAI_API_KEY")
    base = base_url or pelagos_url or vendor_url or (VENDOR_URL if vendor_key else "")
    if not base:
        raise MissingPart(
            "model endpoint: no address; write openai:MODEL@http://HOST:PORT/v1 or set PELAGOS_BASE_URL"
            " (and PELAGOS_API_KEY where it wants a key)"
        )
    url = check_url(base)
    vendor_urls = {VENDOR_URL, vendor_url.rstrip("/"), f"{vendor_url.rstrip('/')}/v1"}
    return url, key or (vendor_key if url in vendor_urls else "")


def check_url(text: str) -> str:
    """Return the normalised base URL, which may have a scheme, a host and a path only. Raises MissingPart that doesn't
    show the URL."""
    fault = "model endpoint: the base URL must be http(s)://HOST[:PORT][/PATH], without a user, a key or a query"
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        raise MissingPart(fault) from None
    has_extras = parts.username is not None or parts.query or parts.fragment or port == 0
    if parts.scheme not in ("http", "https") or not parts.hostname or has_extras:
        raise MissingPart(fault)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix("/chat/completions") or "/v1", "", ""))


def is_strong(model: str) -> bool:
    """Whether the model is strong: not if its name gives a size of at most 4 billion parameters (`-1.5B`, `135M`)."""
    sizes = [float(number) / (1000 if unit in "mM" else 1) for number, unit in _BILLIONS.findall(model)]
    return not sizes or max(sizes) > SMALL_MODEL_B
