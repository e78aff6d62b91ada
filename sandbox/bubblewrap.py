"""The embedded default: a bubblewrap jail with a control group and a system-call filter around it.

As root there's no user name space (kernel uid 0 would remain inside it, with the host's /proc/sys in reach): a real
unprivileged uid is taken inside by setpriv. Without root a user name space is what there is. The work folder, /tmp
and /dev/shm are temporary file systems with a size, counted as memory; the host keeps a descriptor of the work
folder, which outlives the jail, and reads the results through it.
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
from sandbox import gpus, interpreter, seccomp
from sandbox.cgroup import open_cgroup
from sandbox.classify import outcome
from sandbox.collect import collect, place
from sandbox.faults import refusals
from sandbox.gpu_meter import gpu_meter
from sandbox.log import BoundedLog
from sandbox.meter import MB, Meter
from sandbox.mounts import HOME, TEMPORARY, TMP, Mounts
from sandbox.process import GATE, Ending, Tree
from sandbox.protocol import Limits, Outcome, Spec
from sandbox.uncounted import UNIX_BUFFER, Uncounted
from sandbox.watch import Watch, resource_limits, same_pid_space

# Says how the program ended. Without root the code has the same uid as the jail's first process and can write its
# memory. bubblewrap's own has no filter, so there this takes its place, under the filter like everybody inside.
_FIRST = (sys.executable, "-I", "-S", "-c", Path(__file__).with_name("first.py").read_text("utf-8"))
_OWN_TASKS = 1
_serial = itertools.count()


class Bubblewrap:
    """`cgroups=False` holds memory and tasks by sampling and resource limits, for machines without control groups."""

    def __init__(self, cgroups: bool = True) -> None:
        self._cgroups = cgroups
        self.name = "bubblewrap" if cgroups else "bubblewrap-rlimit"

    @refusals()
    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`. Raises MissingPart if this machine lacks a part, SandboxError if the jail fails."""
        user = _User.pick()
        meter: Meter = _group(spec.limits) if self._cgroups else Watch(spec.limits, same_pid_space)
        isolation = f"{self.name} ({meter.label}, {user.label}, {'seccomp' if seccomp.program() else 'no seccomp'})"
        counted = False
        try:
            with _jail(spec, user, meter) as jail, gpu_meter(spec, same_pid_space(jail.first)) as cards:
                log = BoundedLog(int(spec.limits.log_mb * MB), on_line)
                ending = jail.tree.run(spec.limits.seconds, log, lambda: jail.sample() or cards.sample(), meter.kill)
                ending = jail.told(ending)
                files, refused = collect(jail.folders[0], spec.collect)
                jail.look()
            counted, counters = True, meter.close()
            made = outcome(
                spec.limits, ending, counters, jail.was_full, files, refused, log.close(), isolation, jail.peak_disk
            )
            return cards.typed(made)
        finally:
            if not counted:
                meter.kill()
                meter.close()


@dataclass(frozen=True)
class _User:
    """Who the code runs as: a real unprivileged uid as root, ourselves in a user name space otherwise."""

    uid: int | None
    label: str

    @classmethod
    def pick(cls) -> _User:
        if os.geteuid() != 0:
            return cls(None, "userns")
        # The kernel bounds tasks, timers, watches and more per uid, so each run has a uid of its own.
        return cls((1 << 30) + (os.getpid() << 8) % (1 << 29) + next(_serial) % 256, "setpriv")

    def become(self, limits: Limits, alone: bool) -> list[str]:
        drop = ["prlimit", *resource_limits(limits, processes=alone)]
        if self.uid is None:
            return drop
        ids = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--no-new-privs"]
        return ["setpriv", *ids, "--inh-caps=-all", "--bounding-set=-all", *drop]


@dataclass
class _Jail:
    tree: Tree
    meter: Meter
    folders: list[int]
    first: int
    status: int
    uncounted: Uncounted
    was_full: bool = False
    peak_disk: int = 0

    def sample(self) -> str:
        self.look()
        return self.meter.sample() or self.uncounted.sample(time.monotonic())

    def told(self, ending: Ending) -> Ending:
        """How the program itself ended, where its parent could still say it."""
        os.set_blocking(self.status, False)
        try:
            return replace(ending, exit_code=os.waitstatus_to_exitcode(int(os.read(self.status, 100))))
        except (BlockingIOError, ValueError):  # it was killed with its parent, or something was written beside it
            return ending

    def look(self) -> None:
        """At its temporary file systems, from outside."""
        states = [os.fstatvfs(folder) for folder in self.folders]
        self.was_full = self.was_full or any(0 in (state.f_bfree, state.f_ffree) for state in states)
        self.peak_disk = max(self.peak_disk, sum((one.f_blocks - one.f_bfree) * one.f_frsize for one in states))


@contextlib.contextmanager
def _jail(spec: Spec, user: _User, meter: Meter) -> Iterator[_Jail]:
    """A jail whose program waits at the gate, with the files in place; everything is let go of at the end."""
    with contextlib.ExitStack() as stack:
        options = _memfd(stack, "\0".join(_options(spec, user)).encode())
        (news, tell), (status, say) = os.pipe(), os.pipe()
        for handle in (news, status):
            stack.callback(os.close, handle)
        passed = [options, tell, say]
        flags = ["--args", str(options), "--info-fd", str(tell)]
        if program := seccomp.program(also=() if meter.counts else seccomp.HOARDS):
            passed.append(_memfd(stack, program))
            flags += ["--seccomp", str(passed[-1])]
        inside = [*_FIRST, str(say), *user.become(spec.limits, alone=not meter.counts), *GATE]
        try:
            tree = Tree([_bwrap(), *flags, *inside, *interpreter.translate([*spec.argv])], meter.doors, passed)
        finally:
            for handle in (tell, say):
                os.close(handle)
        stack.callback(tree.close)
        tree.ready()
        first = int(json.loads(os.read(news, 4096))["child-pid"])
        folders = [_open(stack, f"/proc/{first}/root{path}") for path in TEMPORARY]
        place(folders[0], spec.files, user.uid)
        meter.begin(first, folders)
        unix = 0 if meter.counts else UNIX_BUFFER
        uncounted = Uncounted(same_pid_space(first), first, spec.limits.memory_mb * MB, unix)
        yield _Jail(tree, meter, folders, first, status, uncounted)


def _options(spec: Spec, user: _User) -> list[str]:
    """Everything bubblewrap is told, handed over by descriptor so that it shows in no process list."""
    mounts = Mounts()
    options = ["--die-with-parent", "--new-session", "--clearenv", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    options += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "pelagos"]
    options += ["--cap-add", "ALL"] if user.uid is not None else ["--unshare-user", "--disable-userns", "--as-pid-1"]
    cards = gpus.chosen(spec.gpus)
    environment = interpreter.environment(spec.limits.cpus, HOME, TMP) | gpus.environment(cards) | dict(spec.env)
    for name, value in environment.items():
        options += ["--setenv", name, value]
    folders, links = interpreter.system_folders()
    mounts.show(folders, links)
    options += [*mounts.take(), "--proc", "/proc", "--dev", "/dev"]
    for node in gpus.nodes(cards):
        options += ["--dev-bind", node, node]
    for path in TEMPORARY:
        options += ["--size", str(spec.limits.disk_mb * MB), "--perms", "1777", "--tmpfs", path]
    mounts.show(*interpreter.python_folders())
    if cards:
        mounts.show(gpus.driver_folders(), [])
    mounts.cover(interpreter.covered())
    mounts.bind(spec.readonly, foreign=user.uid is not None)
    return [*options, *mounts.take(), "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]


def _group(limits: Limits) -> Meter:
    return open_cgroup(replace(limits, pids=limits.pids + _OWN_TASKS))


def _memfd(stack: contextlib.ExitStack, content: bytes) -> int:
    handle = os.memfd_create("pelagos")
    stack.callback(os.close, handle)
    os.write(handle, content)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _open(stack: contextlib.ExitStack, path: str) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, handle)
    return handle


def _bwrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise MissingPart("bwrap is not on the PATH: apt install bubblewrap (or dnf install bubblewrap)")
    return found
