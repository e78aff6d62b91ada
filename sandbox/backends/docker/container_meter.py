"""Counters of a container: from the control groups that the engine created for it where this machine shows them, else
from the engine's own report. The supervisor's few MB and hundredths of a second are counted as the program's."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import Any

from sandbox.limits.cgroup_reader import Cgroups, cgroups_of
from sandbox.limits.kernel_memory import KernelMemoryMeter
from sandbox.limits.meter import Counters


class ContainerMeter:
    """`pid` is the container's first process as the engine reports it, `memory` its limit in bytes."""

    def __init__(self, container: Any, pid: int, memory: int) -> None:
        self._container = container
        # An engine in a virtual machine reports pids of that machine.
        self._groups: Cgroups | None = cgroups_of(pid) if pid > 1 else None
        if self._groups:
            with contextlib.suppress(OSError):  # another user's groups, or a container that ended at once
                self._groups.limit_socket_memory(memory)
        self.label = self._groups.label if self._groups else "engine's counters"
        self._space = _pid_namespace(pid) if self._groups else ""
        self._pid, self._memory = pid, memory

    def contains(self, pid: int) -> bool:
        """Whether a pid of this machine runs in the container."""
        return self._space != "" and _pid_namespace(pid) == self._space

    def kernel_memory(self) -> KernelMemoryMeter:
        """Return the meter of what no group counts, as far as this machine is the engine's."""
        return KernelMemoryMeter(self.contains, self._pid if self._groups else 0, self._memory)

    def sample(self) -> None:
        if self._groups:
            with contextlib.suppress(OSError):  # the container has ended, and its groups with it
                self._groups.sample()

    def kill(self) -> None:
        """Kill its living processes without the engine."""
        if self._groups:
            with contextlib.suppress(OSError):
                self._groups.kill()

    def counters(self, exit_code: int) -> Counters:
        """Return the counters. Call it while the supervisor still waits, since the groups are removed with the
        container."""
        if self._groups is None:
            return self._engine_counters(exit_code)
        try:
            return self._groups.counters()
        except OSError:  # everything was killed at once, and the groups were removed
            return self._engine_counters(exit_code)

    def _engine_counters(self, exit_code: int) -> Counters:
        """Return the engine's counters. Podman never reports that memory ran out; there a SIGKILL that wasn't ours
        counts as that."""
        self._container.reload()
        oom_killed = bool(self._container.attrs["State"].get("OOMKilled"))
        peak = int(self._container.stats(stream=False).get("memory_stats", {}).get("max_usage", 0))
        return Counters(peak, 0.0, int(oom_killed or exit_code == -signal.SIGKILL), 0)


def _pid_namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""
