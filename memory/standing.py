"""What became of a hypothesis in the bank, from what its run's lesson says: a dead end, a success, or not yet known.

A dead end failed or changed nothing, is suspect, or could not be made to run for a reason of its own. What machinery or
a stop kept from being tested says nothing about the idea, and what is open (undecided) may yet turn out either way:
both may be tried again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

MACHINERY = frozenset({"killed", "sandbox", "model", "engine", "never run"})
"""Failure classes that no idea is to blame for: killed from outside, no sandbox, no model, its turn never came."""


class Standing(StrEnum):
    DEAD_END = "dead end"
    WORKED = "worked"
    OPEN = "open"
    PENDING = "pending"
    UNTESTED = "untested"


def standing(meta: dict[str, Any]) -> Standing:
    """`meta` is an entry's: before `learn` it has no verdict and is pending."""
    verdict, failure = meta.get("verdict"), str(meta.get("failure", ""))
    if "lesson" not in meta:
        return Standing.PENDING
    if meta.get("suspect"):
        return Standing.DEAD_END
    if verdict == "supported":
        return Standing.WORKED
    if verdict in ("refuted", "equivalent"):
        return Standing.DEAD_END
    if meta.get("cut_short") or failure.partition(":")[0] in MACHINERY:
        return Standing.UNTESTED
    return Standing.DEAD_END if failure else Standing.OPEN


def told(meta: dict[str, Any]) -> str:
    """`refuted: -1.2 points`, `never ran: oom`, `undecided: +0.1 points`, `suspect: +9 points`; "" where nothing is
    known."""
    if "lesson" not in meta:
        return ""
    effect, unit = meta.get("effect"), str(meta.get("unit", ""))
    if effect is None:
        return f"never ran: {meta.get('failure') or 'no reason given'}"
    amount = f"{effect:+.3g}{f' {unit}' if unit else ''}"
    failure = f"; failed: {meta['failure']}" if meta.get("failure") else ""
    return f"{'suspect' if meta.get('suspect') else meta.get('verdict') or 'no verdict'}: {amount}{failure}"
