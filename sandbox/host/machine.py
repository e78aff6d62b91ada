"""Compares what this machine has for one experiment with what a task asks for, before the first token is spent.

Memory and processors are what this process may use: a control group around it counts, as in a container. Work folders
are temporary file systems, so disk is memory too; without isolation they are on the disk of the temporary folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import MissingPart
from sandbox.gpu.gpus import list_gpus
from sandbox.limits.cgroup import cgroup_limits, memory_left
from sandbox.limits.meter import MB
from sandbox.protocol import Limits

MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Machine:
    """What one experiment can use. Sizes in MB (10**6 bytes)."""

    memory_mb: int
    cpus: float
    disk_mb: int

    @classmethod
    def detect(cls, backend: str = "auto") -> Machine:
        """Return this machine as `backend` can use it."""
        memory, cpus = cgroup_limits()
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory_mb = min(installed, memory or installed) // MB
        disk_mb = shutil.disk_usage(tempfile.gettempdir()).free // MB if backend == "unsafe" else memory_mb
        return cls(memory_mb, min(float(_core_count()), cpus or float(_core_count())), disk_mb)

    def shortfalls(self, limits: Limits) -> list[str]:
        """Return a line per limit that asks for more than there is; empty where an experiment fits."""
        requests = {
            "memory_mb": (limits.memory_mb, self.memory_mb, "MB of memory"),
            "cpus": (limits.cpus, self.cpus, "processors"),
            "disk_mb": (limits.disk_mb, self.disk_mb, "MB for work folders"),
        }
        return [
            f"limits.{key}: asks for {requested:.10g} {unit}, this machine has {available:.10g}; lower it to "
            f"{available:.10g} at most, or use a larger machine"
            for key, (requested, available, unit) in requests.items()
            if requested > available
        ]


def available_memory() -> int:
    """Return the bytes that programs can get now without swapping; a control group around this process counts."""
    try:
        lines = MEMINFO.read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    group_left = memory_left()
    return free if group_left is None else min(free, group_left)


def gpu_shortfalls(limits: Limits) -> list[str]:
    """Return a line per fault in the request for cards. Raises MissingPart where a card is requested and none is
    there."""
    if not limits.gpus:
        return []
    try:
        gpus = list_gpus()
    except MissingPart as error:
        text = f"limits.gpus: asks for {limits.gpus}, this machine has no graphics card to be seen ({error})"
        raise MissingPart(f"{text}; leave gpus out, or use a machine with a card and its driver") from None
    if limits.gpus > len(gpus):
        return [f"limits.gpus: asks for {limits.gpus}, this machine has {len(gpus)}; lower it to {len(gpus)}"]
    requested = limits.gpu_memory_mb or 0
    largest = sorted((card.total_mb for card in gpus), reverse=True)[limits.gpus - 1]
    if requested > largest:
        return [
            f"limits.gpu_memory_mb: asks for {requested}, the card has {largest:.0f}; lower it to {largest:.0f} at most"
        ]
    return []


def _core_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
