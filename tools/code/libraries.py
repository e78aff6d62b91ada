"""What the library functions that a program calls take, as the hook looked it up where they are installed.

A small model writes `smoothing=0.1` where the library says `label_smoothing`; one line of signature settles it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Libraries = Mapping[str, Mapping[str, str]]
MOST = 12


def comment(source: str, known: Mapping[str, str]) -> str:
    """One comment line for each library function of `known` that `source` names, at most MOST."""
    used = set(re.findall(r"[\w.]+", source))
    return "\n".join([f"# {name}{known[name]}" for name in known if name in used][:MOST])
