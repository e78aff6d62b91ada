"""The default backend: a bubblewrap jail with a control group and a system-call filter around it.

As root there is no user namespace (kernel uid 0 would remain inside it, with the host's /proc/sys in reach): setpriv
takes a real unprivileged uid inside. Without root, a user namespace is used. The work folder, /tmp and /dev/shm are
temporary file systems of limited size, counted as memory; the host keeps a descriptor of the work folder, which
outlives the jail, and reads the results through it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pelagos.errors import MissingPart
from sandbox.backends.mounts import HOME, TEMPORARY, TMP, Mounts
from sandbox.classify import make_outcome
from sandbox.collect import collect_files, place_files
from sandbox.gpu import gpus
from sandbox.gpu.gpu_meter import gpu_meter
from sandbox.host import host_view
from sandbox.host.os_errors import translate_os_errors
from sandbox.host.process import START_GATE, ProcessEnd, ProcessTree
from sandbox.limits import seccomp
from sandbox.limits.cgroup import open_cgroup
from sandbox.limits.kernel_memory import UNIX_BUFFER_BYTES, KernelMemoryMeter
from sandbox.limits.meter import MB, Meter
from sandbox.limits.sampling import SamplingMeter, in_pid_namespace_of, resource_limits
from sandbox.log import BoundedLog
from sandbox.protocol import Limits, Outcome, Spec

# Reports how the program ended. Without root the code has the same uid as the jail's first process and can write its
# memory. bubblewrap's own first process has no filter, so this one takes its place, under the filter like all others.
_JAIL_PARENT = (sys.executable, "-I", "-S", "-c", Path(__file__).with_name("jail_parent.py").read_text("utf-8"))
_EXTRA_TASKS = 1
_serial = itertools.count()


class Bubblewrap:
    """`cgroups=False` limits memory and tasks by sampling and resource limits, for machines without control groups."""

    def __init__(self, cgroups: bool = True) -> None:
        self._cgroups = cgroups
        self.name = "bubblewrap" if cgroups else "bubblewrap-rlimit"

    @translate_os_errors()
    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`. Raises MissingPart where this machine lacks a part, SandboxError where the jail fails."""
        user = _User.choose()
        meter: Meter = _open_cgroup(spec.limits) if self._cgroups else SamplingMeter(spec.limits, in_pid_namespace_of)
        isolation = (
            f"{self.name} ({meter.label}, {user.label}, {'seccomp' if seccomp.build_filter() else 'no seccomp'})"
        )
        counted = False
        try:
            with _jail(spec, user, meter) as jail, gpu_meter(spec, in_pid_namespace_of(jail.first_pid)) as gpu_use:
                log = BoundedLog(int(spec.limits.log_mb * MB), on_line)
                end = jail.tree.run(spec.limits.seconds, log, lambda: jail.sample() or gpu_use.sample(), meter.kill)
                end = jail.with_exit_status(end)
                files, refused = collect_files(jail.folders[0], spec.collect)
                jail.check_disk()
            counted, counters = True, meter.close()
            outcome = make_outcome(
                spec.limits, end, counters, jail.was_full, files, refused, log.close(), isolation, jail.peak_disk
            )
            return gpu_use.with_gpu_use(outcome)
        finally:
            if not counted:
                meter.kill()
                meter.close()


@dataclass(frozen=True)
class _User:
    """The user that runs the code: a real unprivileged uid as root, ourselves in a user namespace otherwise."""

    uid: int | None
    label: str

    @classmethod
    def choose(cls) -> _User:
        if os.geteuid() != 0:
            return cls(None, "userns")
        # The kernel bounds tasks, timers, watches and more per uid, so each run has a uid of its own.
        return cls((1 << 30) + (os.getpid() << 8) % (1 << 29) + next(_serial) % 256, "setpriv")

    def drop_privileges(self, limits: Limits, alone: bool) -> list[str]:
        drop = ["prlimit", *resource_limits(limits, processes=alone)]
        if self.uid is None:
            return drop
        ids = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--no-new-privs"]
        return ["setpriv", *ids, "--inh-caps=-all", "--bounding-set=-all", *drop]


@dataclass
class _Jail:
    tree: ProcessTree
    meter: Meter
    folders: list[int]
    first_pid: int
    status: int
    kernel_memory: KernelMemoryMeter
    was_full: bool = False
    peak_disk: int = 0

    def sample(self) -> str:
        self.check_disk()
        return self.meter.sample() or self.kernel_memory.sample(time.monotonic())

    def with_exit_status(self, end: ProcessEnd) -> ProcessEnd:
        """Return the end with the program's own status, where its parent could still report it."""
        os.set_blocking(self.status, False)
        try:
            return replace(end, exit_code=os.waitstatus_to_exitcode(int(os.read(self.status, 100))))
        except (BlockingIOError, ValueError):  # killed with its parent, or other bytes were written to the pipe
            return end

    def check_disk(self) -> None:
        """Check its temporary file systems from outside."""
        states = [os.fstatvfs(folder) for folder in self.folders]
        self.was_full = self.was_full or any(0 in (state.f_bfree, state.f_ffree) for state in states)
        self.peak_disk = max(self.peak_disk, sum((state.f_blocks - state.f_bfree) * state.f_frsize for state in states))


@contextlib.contextmanager
def _jail(spec: Spec, user: _User, meter: Meter) -> Iterator[_Jail]:
    """Yield a jail whose program waits at the gate, with the files in place; everything is released at the end."""
    with contextlib.ExitStack() as stack:
        options = _memfd(stack, "\0".join(_bwrap_options(spec, user)).encode())
        (info_read, info_write), (status_read, status_write) = os.pipe(), os.pipe()
        for handle in (info_read, status_read):
            stack.callback(os.close, handle)
        passed = [options, info_write, status_write]
        flags = ["--args", str(options), "--info-fd", str(info_write)]
        if program := seccomp.build_filter(also=() if meter.counts else seccomp.UNCOUNTED_MEMORY_CALLS):
            passed.append(_memfd(stack, program))
            flags += ["--seccomp", str(passed[-1])]
        inside = [
            *_JAIL_PARENT,
            str(status_write),
            *user.drop_privileges(spec.limits, alone=not meter.counts),
            *START_GATE,
        ]
        try:
            tree = ProcessTree(
                [_find_bwrap(), *flags, *inside, *host_view.resolve_python([*spec.argv])], meter.procs_files, passed
            )
        finally:
            for handle in (info_write, status_write):
                os.close(handle)
        stack.callback(tree.close)
        tree.wait_ready()
        first_pid = int(json.loads(os.read(info_read, 4096))["child-pid"])
        folders = [_open_folder(stack, f"/proc/{first_pid}/root{path}") for path in TEMPORARY]
        place_files(folders[0], spec.files, user.uid)
        meter.begin(first_pid, folders)
        unix = 0 if meter.counts else UNIX_BUFFER_BYTES
        kernel_memory = KernelMemoryMeter(in_pid_namespace_of(first_pid), first_pid, spec.limits.memory_mb * MB, unix)
        yield _Jail(tree, meter, folders, first_pid, status_read, kernel_memory)


def _bwrap_options(spec: Spec, user: _User) -> list[str]:
    """Return the options for bubblewrap. They are passed by descriptor, so that no process list shows them."""
    mounts = Mounts()
    options = ["--die-with-parent", "--new-session", "--clearenv", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    options += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "pelagos"]
    options += ["--cap-add", "ALL"] if user.uid is not None else ["--unshare-user", "--disable-userns", "--as-pid-1"]
    gpu_list = gpus.select_gpus(spec.gpus)
    environment = (
        host_view.build_environment(spec.limits.cpus, HOME, TMP) | gpus.gpu_environment(gpu_list) | dict(spec.env)
    )
    for name, value in environment.items():
        options += ["--setenv", name, value]
    folders, links = host_view.system_folders()
    mounts.show(folders, links)
    options += [*mounts.take_options(), "--proc", "/proc", "--dev", "/dev"]
    for node in gpus.device_nodes(gpu_list):
        options += ["--dev-bind", node, node]
    for path in TEMPORARY:
        options += ["--size", str(spec.limits.disk_mb * MB), "--perms", "1777", "--tmpfs", path]
    mounts.show(*host_view.python_folders())
    if gpu_list:
        mounts.show(gpus.driver_folders(), [])
    mounts.mask(host_view.masked_paths())
    mounts.bind(spec.readonly, foreign=user.uid is not None)
    return [*options, *mounts.take_options(), "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]


def _open_cgroup(limits: Limits) -> Meter:
    return open_cgroup(replace(limits, pids=limits.pids + _EXTRA_TASKS))


def _memfd(stack: contextlib.ExitStack, content: bytes) -> int:
    handle = os.memfd_create("pelagos")
    stack.callback(os.close, handle)
    os.write(handle, content)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _open_folder(stack: contextlib.ExitStack, path: str) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, handle)
    return handle


def _find_bwrap() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise MissingPart("bwrap is not on the PATH: apt install bubblewrap (or dnf install bubblewrap)")
    return path
