"""Counters of a container: from the control groups that the engine made for it, where this machine shows them, else
from what the engine says of its end. The supervisor's few MB and hundredths of a second are counted as the program's.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import Any

from sandbox.groups import Groups, groups_of
from sandbox.meter import Counters
from sandbox.uncounted import Uncounted


class ContainerMeter:
    """`pid` is the container's first process as the engine names it, `memory` its limit in bytes."""

    def __init__(self, container: Any, pid: int, memory: int) -> None:
        self._container = container
        # An engine in a virtual machine of its own names pids of that machine.
        self._groups: Groups | None = groups_of(pid) if pid > 1 else None
        if self._groups:
            with contextlib.suppress(OSError):  # another user's groups, or a container that ended at once
                self._groups.hold_sockets(memory)
        self.label = self._groups.label if self._groups else "engine's counters"
        self._space = _pid_space(pid) if self._groups else ""
        self._pid, self._memory = pid, memory

    def member(self, pid: int) -> bool:
        """Whether a pid of this machine runs in the container."""
        return self._space != "" and _pid_space(pid) == self._space

    def uncounted(self) -> Uncounted:
        """What no group counts, as far as this machine is the engine's."""
        return Uncounted(self.member, self._pid if self._groups else 0, self._memory)

    def sample(self) -> None:
        if self._groups:
            with contextlib.suppress(OSError):  # the container has ended, and its groups with it
                self._groups.sample()

    def kill(self) -> None:
        """Whatever still lives in it, without asking the engine."""
        if self._groups:
            with contextlib.suppress(OSError):
                self._groups.kill()

    def counters(self, exit_code: int) -> Counters:
        """Asked while the supervisor still waits, since the groups go with the container."""
        if self._groups is None:
            return self._by_engine(exit_code)
        try:
            return self._groups.counters()
        except OSError:  # all of it was killed at once, and the groups with it
            return self._by_engine(exit_code)

    def _by_engine(self, exit_code: int) -> Counters:
        """Podman never says that memory ran out; there a SIGKILL that wasn't ours counts as that."""
        self._container.reload()
        told = bool(self._container.attrs["State"].get("OOMKilled"))
        peak = int(self._container.stats(stream=False).get("memory_stats", {}).get("max_usage", 0))
        return Counters(peak, 0.0, int(told or exit_code == -signal.SIGKILL), 0)


def _pid_space(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""
