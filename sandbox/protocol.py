"""What a sandbox is asked and what it answers.

A backend is anything with a `name` and `run(spec) -> Outcome`; a class of the right shape will do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pelagos.nouns import OutcomeKind


@dataclass(frozen=True)
class Limits:
    """Held from outside. Seconds are wall clock; sizes in MB (10**6 bytes).

    `gpus` cards are held alone, or shared where `gpu_memory_mb` (of each card) says how much is enough.
    """

    seconds: float = 60.0
    memory_mb: int = 2048
    pids: int = 64
    cpus: float = 1.0
    disk_mb: int = 256
    log_mb: float = 1.0
    gpus: int = 0
    gpu_memory_mb: int | None = None


@dataclass(frozen=True)
class Spec:
    """One command to run.

    `files` are written under the work folder before the start; `readonly` binds host paths (value) at
    work-folder names (key); `collect` names the regular files that come home and their size caps in bytes.
    `gpus` are the indices (nvidia-smi's) of the cards it may use; they are held by whoever calls (sandbox/cards.py).
    `argv[0] == "python"` means the interpreter Pelagos runs on. The environment is built from nothing plus `env`.
    """

    argv: Sequence[str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    readonly: Mapping[str, Path] = field(default_factory=dict)
    collect: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    gpus: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How it ended, from counters and not from exit codes alone. The log keeps head and tail."""

    kind: OutcomeKind
    cause: str = ""
    exit_code: int | None = None
    log: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    peak_gpu_mb: float = 0.0
    peak_disk_mb: float = 0.0
    isolation: str = ""


class Sandbox(Protocol):
    @property
    def name(self) -> str: ...

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """Run to the end or to a limit; kill the whole tree. Raises SandboxError if the sandbox itself fails."""
        ...
