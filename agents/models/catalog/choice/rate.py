"""Estimates how fast a model writes here. Each token reads all weights once: twice the file size, half the speed.

The embedded model's speed in this project's last runs is scaled by file size. Without such a run the memory bandwidth
is measured for a moment; llama.cpp uses most of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agents.models.catalog.catalog import Entry, list_entries
from agents.models.speed import Speed
from memory.files.project_runs import RUNS
from memory.ledger.ledger import Ledger
from pelagos.errors import PelagosError
from pelagos.facts.calls import Call
from sandbox.limits.cgroup import cgroup_limits

LEDGER = "ledger.db"
LAST_RUNS = 3
MIN_MODEL_BYTES = 400_000_000  # bytes; a smaller model's time per token isn't mostly the reading of weights
BANDWIDTH_SHARE = 0.8  # share of the measured bandwidth that llama.cpp uses
PIECE = 64 << 20
MAX_THREADS = 16
PASSES = 3


@dataclass(frozen=True)
class Rate:
    """Bytes of weights read per second while writing, and how they were estimated."""

    bytes_s: float
    how: str

    def tokens_s(self, item: Entry) -> float:
        return self.bytes_s / item.size


def estimate_rate(project: Path) -> Rate:
    """Return the rate by the project's last runs, else by the memory bandwidth."""
    return rate_from_runs(project) or rate_from_bandwidth()


def rate_from_runs(project: Path) -> Rate | None:
    """Return the rate in the newest of the last runs in which an embedded model of the catalog wrote, else None."""
    ledgers = sorted((project / RUNS).glob(f"*/{LEDGER}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in ledgers[:LAST_RUNS]:
        with suppress(PelagosError), closing(Ledger.read(path)) as ledger:
            run_rate = _rate_from_replies(ledger.facts(Call).values(), path.parent.name)
            if run_rate is not None:
                return run_rate
    return None


def _rate_from_replies(replies: Iterable[Call], run: str) -> Rate | None:
    sizes = {f"embedded:{item.name}": item.size for item in list_entries() if item.size >= MIN_MODEL_BYTES}
    speeds: dict[str, Speed] = {}
    for reply in replies:
        if reply.spec in sizes:
            speeds.setdefault(reply.spec, Speed()).add_reply(reply)
    for spec, speed in speeds.items():
        if speed.writing:
            name = spec.partition(":")[2]
            explanation = f"{name} wrote {speed.writing:.0f} tokens/s in {run}, scaled by the files' sizes"
            return Rate(speed.writing * sizes[spec], explanation)
    return None


def rate_from_bandwidth() -> Rate:
    """Return the rate measured by reading memory with all cores, for a fraction of a second."""
    threads = min(_cores(), MAX_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        pieces = list(pool.map(_allocate, range(threads)))
        bytes_s = max(_measure_pass(pool, pieces) for _ in range(PASSES))
    explanation = f"memory is read at {bytes_s / 1e9:.0f} GB/s here, and a token wants all weights read once"
    return Rate(BANDWIDTH_SHARE * bytes_s, explanation)


def _allocate(_number: int) -> object:
    import numpy

    return numpy.ones(PIECE // 8)


def _measure_pass(pool: ThreadPoolExecutor, pieces: list[object]) -> float:
    """Read all pieces once; return the bytes per second."""
    began = time.perf_counter()
    list(pool.map(lambda piece: piece.sum(), pieces))
    return len(pieces) * PIECE / (time.perf_counter() - began)


def _cores() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, round(cgroup_limits()[1] or usable)))
