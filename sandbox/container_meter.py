"""Counters of a container: from the control groups that the engine made for it, where this machine shows them, else
from what the engine says of its end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.container_options import OWN_MB
from sandbox.groups import Groups, groups_of
from sandbox.meter import MB, Counters


class ContainerMeter:
    """Measures the program alone: what the supervisor used before it started is taken off."""

    def __init__(self, container: Any, pid: int) -> None:
        self._container = container
        # An engine in a virtual machine of its own names pids of that machine.
        self._groups: Groups | None = groups_of(pid) if pid > 1 else None
        self.label = self._groups.label if self._groups else "engine's counters"
        self._resting, self._used = self._look()
        self._space = _pid_space(pid) if self._groups else ""
        self._peak = 0

    def member(self, pid: int) -> bool:
        """Whether a pid of this machine runs in the container."""
        return self._space != "" and _pid_space(pid) == self._space

    def sample(self) -> None:
        if self._groups:
            self._peak = max(self._peak, self._groups.sample() - self._resting)

    def kill(self) -> None:
        """Whatever still lives in it, without asking the engine."""
        if self._groups:
            self._groups.kill()

    def counters(self, exit_code: int) -> Counters:
        """Asked while the supervisor still waits, since the groups go with the container."""
        if self._groups is None:
            return self._by_engine(exit_code)
        try:
            found = self._groups.counters()
        except FileNotFoundError:  # all of it was killed at once, and the groups with it
            return self._by_engine(exit_code)
        peak = max(self._peak, found.peak_memory - self._resting) if found.memory_kills else self._peak
        return Counters(max(peak, 0), max(found.cpu_seconds - self._used, 0.0), found.memory_kills, found.task_refusals)

    def _look(self) -> tuple[int, float]:
        return (self._groups.sample(), self._groups.counters().cpu_seconds) if self._groups else (0, 0.0)

    def _by_engine(self, exit_code: int) -> Counters:
        """Podman never says that memory ran out; there a SIGKILL that wasn't ours counts as that."""
        self._container.reload()
        told = bool(self._container.attrs["State"].get("OOMKilled"))
        killed = told or exit_code in (-9, 137)
        peak = max(self._peak, int(self._container.stats(stream=False).get("memory_stats", {}).get("max_usage", 0)))
        return Counters(max(peak - OWN_MB * MB, 0) if not self._peak else peak, 0.0, int(killed), 0)


def _pid_space(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""
