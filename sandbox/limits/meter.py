"""The protocol of what limits and counts a run's memory, tasks and processor from outside.

In sandbox/limits/cgroup.py the kernel does it for the whole tree. sandbox/limits/sampling.py is for machines where no
control group can be created: it samples the tree, and resource limits hold each process between samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MB = 1_000_000


@dataclass(frozen=True)
class Counters:
    """Read after the end. Memory (bytes) is anonymous plus temporary-file memory of the tree, not page cache."""

    peak_memory: int = 0
    cpu_seconds: float = 0.0
    memory_kills: int = 0
    task_refusals: int = 0


class Meter(Protocol):
    @property
    def label(self) -> str:
        """One word for the description of the isolation."""
        ...

    @property
    def counts(self) -> bool:
        """Whether the kernel counts all memory; otherwise only what processes and files show is counted."""
        ...

    @property
    def procs_files(self) -> Sequence[Path]:
        """Files into which the first process writes its pid before anything else."""
        ...

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """`pid` is the first process inside; `temporary` are descriptors of its temporary file systems."""
        ...

    def sample(self) -> str:
        """Measure once. Return why the tree must be killed now (`oom`, `cpu`), or an empty string."""
        ...

    def kill(self) -> None:
        """Kill every living process of the tree."""
        ...

    def close(self) -> Counters:
        """Return the counters and remove everything that was created on the host."""
        ...
