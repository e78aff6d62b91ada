"""Formats times for people: when something was, and how long ago."""

from __future__ import annotations

import time
from datetime import datetime

from app.formatting import format_duration

DAY_S = 86_400.0


def format_stamp(at: float) -> str:
    """Return the local date and time of `at` (Unix seconds), an en dash for 0."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def format_age(at: float) -> str:
    """Return how long ago `at` (Unix seconds) was, such as `3 min 20 s ago`, from two days on in days."""
    if not at:
        return "–"
    seconds = max(0.0, time.time() - at)
    return f"{seconds / DAY_S:.0f} days ago" if seconds >= 2 * DAY_S else f"{format_duration(seconds)} ago"
