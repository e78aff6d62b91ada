"""What the library functions that a program calls take, as the hook looked it up where they are installed.

A small model writes `smoothing=0.1` where the library says `label_smoothing`; one line of signature settles it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Libraries = Mapping[str, Mapping[str, str]]
MOST, TEXT = 12, 300


def of_report(report: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Path -> dotted name as written there -> its arguments; what isn't of the hook's shape is left out."""
    found = report.get("libraries")
    if not isinstance(found, dict):
        return {}
    return {str(path): texts(told) for path, told in found.items()}


def texts(told: object) -> dict[str, str]:
    """A mapping of texts to texts out of a report, each one line, bounded; anything else in it is dropped."""
    pairs = told.items() if isinstance(told, dict) else ()
    return {str(name): " ".join(text.split())[:TEXT] for name, text in pairs if isinstance(text, str)}


def comment(source: str, known: Mapping[str, str]) -> str:
    """One comment line for each library function of `known` that `source` names, at most MOST."""
    used = set(re.findall(r"[\w.]+", source))
    return "\n".join([f"# {name}{known[name]}" for name in known if name in used][:MOST])
