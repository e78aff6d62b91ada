"""How many threads the embedded model gets: one per core that nobody else is using.

Its threads wait for each other many times per token, so one that has to share its core holds up all the others: on a
2-core machine with a load of 7, two threads wrote 2 to 7 tokens/s and one thread 21 to 32 (135M model); with nothing
else running two wrote 88 to 99 and one 65. Looked at once, when the model is loaded; our own experiments
don't run at that moment, since thinking holds their slots.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

LOOK_S = 0.3
_STAT = Path("/proc/stat")
_IDLE, _IOWAIT = 3, 4


def spare(look_s: float = LOOK_S) -> int:
    """Cores that were idle while we looked, at least 1. All of them where the system doesn't say (no /proc)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not _STAT.exists():
        return cores
    idle, total = _ticks()
    time.sleep(look_s)
    idle_after, total_after = _ticks()
    share = (idle_after - idle) / max(total_after - total, 1)
    return min(cores, max(1, round(share * (os.cpu_count() or 1))))


def _ticks() -> tuple[int, int]:
    """(idle, all) clock ticks of all cores since boot."""
    fields = [int(field) for field in _STAT.read_text().split("\n", 1)[0].split()[1:9]]
    return fields[_IDLE] + fields[_IOWAIT], sum(fields)
