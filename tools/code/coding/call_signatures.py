"""Formats the signatures of the library functions that a program calls, as the hook read them from the installation.

A small model writes `smoothing=0.1` where the library says `label_smoothing`; one line of signature prevents that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CallSignatures = Mapping[str, Mapping[str, str]]
MAX_SIGNATURES = 12


def format_signatures(source: str, signatures: Mapping[str, str]) -> str:
    """One comment line for each function of `signatures` that `source` names, at most MAX_SIGNATURES."""
    names = set(re.findall(r"[\w.]+", source))
    return "\n".join([f"# {name}{signatures[name]}" for name in signatures if name in names][:MAX_SIGNATURES])
