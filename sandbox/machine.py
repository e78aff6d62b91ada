"""What this machine has for one experiment, against what a task asks for: told before the first token is spent.

Memory and processors are what this process may use: a control group around it counts, as in a container. Work
folders are temporary file systems, so disk is memory too; without isolation they lie on the temporary folder's disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import MissingPart
from sandbox.cgroup import allowance, unused
from sandbox.gpus import cards
from sandbox.meter import MB
from sandbox.protocol import Limits

MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Machine:
    """Sizes in MB (10**6 bytes)."""

    memory_mb: int
    cpus: float
    disk_mb: int

    @classmethod
    def here(cls, backend: str = "auto") -> Machine:
        """This machine as `backend` can use it."""
        memory, cpus = allowance()
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory_mb = min(there, memory or there) // MB
        disk_mb = shutil.disk_usage(tempfile.gettempdir()).free // MB if backend == "unsafe" else memory_mb
        return cls(memory_mb, min(float(_cores()), cpus or float(_cores())), disk_mb)

    def lacks(self, limits: Limits) -> list[str]:
        """A line per limit that asks for more than there is; empty where an experiment fits."""
        asked = {
            "memory_mb": (limits.memory_mb, self.memory_mb, "MB of memory"),
            "cpus": (limits.cpus, self.cpus, "processors"),
            "disk_mb": (limits.disk_mb, self.disk_mb, "MB for work folders"),
        }
        return [
            f"limits.{key}: asks for {wants:.10g} {what}, this machine has {has:.10g}; lower it to {has:.10g} at "
            "most, or use a larger machine"
            for key, (wants, has, what) in asked.items()
            if wants > has
        ]


def available_memory() -> int:
    """Bytes that programs can get now without swapping; a control group around this process counts."""
    try:
        lines = MEMINFO.read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    left = unused()
    return free if left is None else min(free, left)


def lacks_cards(limits: Limits) -> list[str]:
    """A line per fault in what is asked of the cards here. Raises MissingPart where a card is asked for and none is."""
    if not limits.gpus:
        return []
    try:
        there = cards()
    except MissingPart as none:
        text = f"limits.gpus: asks for {limits.gpus}, this machine has no graphics card to be seen ({none})"
        raise MissingPart(f"{text}; leave gpus out, or use a machine with a card and its driver") from None
    if limits.gpus > len(there):
        return [f"limits.gpus: asks for {limits.gpus}, this machine has {len(there)}; lower it to {len(there)}"]
    wanted = limits.gpu_memory_mb or 0
    large = sorted((card.total_mb for card in there), reverse=True)[limits.gpus - 1]
    if wanted > large:
        return [f"limits.gpu_memory_mb: asks for {wanted}, the card has {large:.0f}; lower it to {large:.0f} at most"]
    return []


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
