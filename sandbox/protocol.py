"""Defines what a sandbox is asked to run (Spec) and what it returns (Outcome).

A backend is any object with a `name` and `run(spec) -> Outcome`; it need not inherit from Sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pelagos.nouns import OutcomeKind


@dataclass(frozen=True)
class Limits:
    """Limits enforced from outside. Seconds are wall clock; sizes in MB (10**6 bytes).

    `gpus` cards are held exclusively, or shared where `gpu_memory_mb` (of each card) says how much is enough.
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

    `files` are written below the work folder before the start; `readonly` binds host paths (values) at names in the
    work folder (keys); `collect` names the regular files to copy out and their size caps in bytes. `gpus` are
    nvidia-smi's indices of the cards that it may use; the caller holds them (sandbox/gpu/gpu_slots.py). `argv[0] ==
    "python"` means the interpreter that runs Pelagos. The environment is built from scratch plus `env`.
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
    """How the program ended, by counters and not by exit codes alone. The log keeps head and tail."""

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
        """Run until the end or a limit, and kill the whole process tree. Raises SandboxError where the sandbox itself
        fails."""
        ...
