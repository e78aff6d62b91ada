from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pelagos.errors import MissingPart
from sandbox.limits.cgroup import open_cgroup
from sandbox.limits.cgroup_reader import CgroupsV1, CgroupsV2, cgroups_of
from sandbox.protocol import Limits


def test_the_groups_of_a_process_are_found_and_read() -> None:
    try:
        ours = open_cgroup(Limits(memory_mb=100, pids=10, cpus=1))
    except MissingPart as error:
        pytest.skip(str(error))
    doors = " ".join(f"echo $$ > {door};" for door in ours.procs_files)
    code = "block = bytearray(b'x') * 40_000_000; print(1, flush=True); import time; time.sleep(60)"
    child = subprocess.Popen(["/bin/sh", "-c", f'{doors} exec {sys.executable} -c "{code}"'], stdout=subprocess.PIPE)
    assert child.stdout and child.stdout.readline()
    found = cgroups_of(child.pid)
    assert found and found.label == ours.label
    assert 38e6 < found.sample() < 100e6
    assert found.counters().cpu_seconds > 0
    found.kill()
    assert child.wait() == -9
    ours.close()


def test_a_process_that_is_gone_has_none() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert cgroups_of(child.pid) is None


def test_version_1_counters_are_read(tmp_path: Path) -> None:
    (tmp_path / "memory.stat").write_text("cache 9000\nrss 1000\nshmem 500\n")
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    (tmp_path / "memory.max_usage_in_bytes").write_text("4000\n")
    (tmp_path / "pids.events").write_text("max 7\n")
    (tmp_path / "cpuacct.usage").write_text("2500000000\n")
    groups = CgroupsV1({name: tmp_path for name in ("memory", "pids", "cpu", "cpuacct")})
    assert groups.sample() == 1500
    found = groups.counters()
    assert (found.peak_memory, found.cpu_seconds, found.memory_kills, found.task_refusals) == (4000, 2.5, 1, 7)


def test_killing_a_version_2_group_kills_its_members(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    procs = tmp_path / "cgroup.procs"
    procs.write_text(f"{sleeper.pid}\n")
    pid = os.fork()
    if not pid:  # the kernel empties the list when its members have died; here a child plays it
        while sleeper.pid and Path(f"/proc/{sleeper.pid}/stat").read_text().split()[2] != "Z":
            time.sleep(0.01)
        procs.write_text("")
        os._exit(0)
    CgroupsV2(tmp_path).kill()
    os.waitpid(pid, 0)
    assert sleeper.wait() == -9
