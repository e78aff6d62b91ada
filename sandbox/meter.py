"""What holds a run's memory, tasks and processor from outside, and counts them.

In sandbox/cgroup.py the kernel does it for the whole tree. sandbox/watch.py is for machines where no control group
can be made: it samples the tree, and resource limits hold each process in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MB = 1_000_000


@dataclass(frozen=True)
class Counters:
    """Taken after the end. Memory is anonymous plus temporary-file memory of the tree, not page cache."""

    peak_memory: int = 0
    cpu_seconds: float = 0.0
    memory_kills: int = 0
    task_refusals: int = 0


class Meter(Protocol):
    @property
    def label(self) -> str:
        """One word for the isolation string."""
        ...

    @property
    def counts(self) -> bool:
        """Whether the kernel counts all memory for us; otherwise only what processes and files show is seen."""
        ...

    @property
    def doors(self) -> Sequence[Path]:
        """Files into which the first process writes its pid before anything else."""
        ...

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """`pid` is the first process inside; `temporary` are descriptors of its temporary file systems."""
        ...

    def sample(self) -> str:
        """Look once. Returns why the tree must die now (`oom`, `cpu`), or nothing."""
        ...

    def kill(self) -> None:
        """Kill whatever of the tree still lives."""
        ...

    def close(self) -> Counters:
        """The counters; everything made on the host is removed."""
        ...
