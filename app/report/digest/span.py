"""Reads where a digest begins: a span back from now, such as 90m, 24h or 7d, or an ISO date."""

from __future__ import annotations

import re
from datetime import datetime

from pelagos.errors import BadInput

SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([mhdw])")
SECONDS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
SHAPES = "write a span such as 90m, 24h, 7d or 2w, or a date such as 2026-11-29 or 2026-11-29T18:00"


def find_beginning(text: str, now: float) -> float:
    """Return the time that `--since` names; times are in Unix seconds. A date without a zone is local time. Raises
    BadInput for anything else, and for a time that is still to come."""
    span = SPAN.fullmatch(text.strip().lower())
    began = now - float(span[1]) * SECONDS[span[2]] if span else _read_date(text)
    if began > now:
        raise BadInput(f"--since {text}: is still to come: name a time before now")
    return began


def _read_date(text: str) -> float:
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"--since {text}: {SHAPES}") from None
