"""About how fast a model writes here. Each token wants all weights read once: twice the file, half the speed.

What the embedded model did in this project's last runs is scaled by size. Where there is no run yet, the memory's
bandwidth is measured for a moment, of which llama.cpp uses most.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agents.models.catalog import Entry, entries
from agents.models.speed import Speed
from memory.ledger import Ledger
from memory.project_runs import RUNS
from pelagos.errors import PelagosError
from sandbox.cgroup import allowance

LEDGER = "ledger.db"
LAST_RUNS = 3
SMALLEST = 400_000_000  # bytes; what a smaller model takes for a token is mostly not the reading of weights
USED = 0.8  # of the measured bandwidth
PIECE = 64 << 20
MOST_THREADS = 16
PASSES = 3


@dataclass(frozen=True)
class Rate:
    """Bytes of weights read a second while writing, and how they were reckoned."""

    bytes_s: float
    how: str

    def tokens_s(self, item: Entry) -> float:
        return self.bytes_s / item.size


def rate(project: Path) -> Rate:
    """As the project's last runs show it, else as the memory's bandwidth has it."""
    return recorded(project) or by_bandwidth()


def recorded(project: Path) -> Rate | None:
    """From the newest of the last runs in which an embedded model of the catalog wrote."""
    ledgers = sorted((project / RUNS).glob(f"*/{LEDGER}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in ledgers[:LAST_RUNS]:
        with suppress(PelagosError), closing(Ledger.read(path)) as ledger:
            found = _written((event.payload for event in ledger.events("model")), path.parent.name)
            if found is not None:
                return found
    return None


def _written(replies: Iterable[dict[str, object]], run: str) -> Rate | None:
    sizes = {f"embedded:{item.name}": item.size for item in entries() if item.size >= SMALLEST}
    speeds: dict[str, Speed] = {}
    for reply in replies:
        spec = str(reply.get("spec"))
        if spec in sizes:
            speeds.setdefault(spec, Speed()).note(reply)
    for spec, speed in speeds.items():
        if speed.writing:
            how = f"{spec.partition(':')[2]} wrote {speed.writing:.0f} tokens/s in {run}, scaled by the files' sizes"
            return Rate(speed.writing * sizes[spec], how)
    return None


def by_bandwidth() -> Rate:
    """From reading memory with all cores, for a fraction of a second."""
    threads = min(_cores(), MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        pieces = list(pool.map(_piece, range(threads)))
        best = max(_pass(pool, pieces) for _ in range(PASSES))
    how = f"memory is read at {best / 1e9:.0f} GB/s here, and a token wants all weights read once"
    return Rate(USED * best, how)


def _piece(_number: int) -> object:
    import numpy

    return numpy.ones(PIECE // 8)


def _pass(pool: ThreadPoolExecutor, pieces: list[object]) -> float:
    """Bytes a second."""
    began = time.perf_counter()
    list(pool.map(lambda piece: piece.sum(), pieces))
    return len(pieces) * PIECE / (time.perf_counter() - began)


def _cores() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, round(allowance()[1] or usable)))
