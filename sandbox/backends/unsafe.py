"""No isolation: a plain process with resource limits, for people who request it by name for code that they trust.

It sees the host's files, network and processes. Its environment is clean and its process tree is killed, unless
processes hide from it. Never chosen automatically, and named in every result.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pelagos.disk_space import NO_SPACE_ERRNOS, has_space
from pelagos.errors import DiskFull, SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.classify import make_outcome
from sandbox.collect import collect_files, place_files, split_name
from sandbox.gpu import gpus
from sandbox.gpu.gpu_meter import gpu_meter
from sandbox.host import host_view
from sandbox.host.os_errors import translate_os_errors
from sandbox.host.owner import is_orphan, new_label
from sandbox.host.process import START_GATE, ProcessTree
from sandbox.limits.meter import MB
from sandbox.limits.sampling import LABEL_VARIABLE, SamplingMeter, orphan_pids, resource_limits, with_label
from sandbox.log import BoundedLog
from sandbox.protocol import Outcome, Spec

_KILL_LIMIT_S = 5.0

ISOLATION = "unsafe (no isolation)"


class Unsafe:
    """Satisfies `Sandbox`; isolates nothing."""

    name = "unsafe"

    @translate_os_errors()
    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`."""
        with _work_folder() as folder:
            meter = SamplingMeter(spec.limits, with_label(folder.name))
            environment = host_view.build_environment(spec.limits.cpus, str(folder), str(folder))
            environment |= (
                {"CUDA_VISIBLE_DEVICES": ""} | gpus.gpu_environment(gpus.select_gpus(spec.gpus)) | dict(spec.env)
            )
            _link_readonly(spec, folder)
            command = ["prlimit", *resource_limits(spec.limits, processes=False), *START_GATE]
            argv = host_view.resolve_python([*spec.argv])
            tree = ProcessTree([*command, *argv], (), (), cwd=folder, env=environment | {LABEL_VARIABLE: folder.name})
            work_folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                tree.wait_ready()
                place_files(work_folder, spec.files, None)
                meter.begin(tree.pid, ())
                log = BoundedLog(int(spec.limits.log_mb * MB), on_line)
                with gpu_meter(spec, with_label(folder.name)(tree.pid)) as gpu_use:
                    end = tree.run(spec.limits.seconds, log, lambda: meter.sample() or gpu_use.sample(), meter.kill)
                files, refused = collect_files(work_folder, spec.collect)
                size = _folder_size(folder)
            finally:
                meter.kill()
                tree.close()
                os.close(work_folder)
            arguments = (spec.limits, end, meter.close(), False, files, refused, log.close(), ISOLATION, size)
            outcome = gpu_use.with_gpu_use(make_outcome(*arguments))
            if outcome.kind is not OutcomeKind.OK and not has_space(folder):
                raise DiskFull(str(folder.parent))  # a program's failure on a full disk says nothing about it
        return outcome


@contextlib.contextmanager
def _work_folder() -> Iterator[Path]:
    folder = Path(tempfile.gettempdir()) / new_label()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except SandboxError as error:
        if getattr(error.__cause__, "errno", 0) in NO_SPACE_ERRNOS:  # the work folder of this backend is on a disk
            raise DiskFull(str(folder.parent)) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_size(folder: Path) -> int:
    """Return the bytes in the work folder at the end; links are not followed."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a hidden process may still be running
                size += (Path(parent) / name).lstat().st_blocks * 512
    return size


def _link_readonly(spec: Spec, folder: Path) -> None:
    for name, source in spec.readonly.items():
        target = folder.joinpath(*split_name(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.resolve(strict=True))


def reap() -> list[str]:
    """Remove our user's work folders whose owner no longer exists, and kill what still runs for them. Return one line
    for each."""
    killed = sorted(set(_kill_orphans()))
    folders = [path for path in Path(tempfile.gettempdir()).iterdir() if is_orphan(path.name) and _is_ours(path)]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return [f"process {pid}" for pid in killed] + sorted(f"work folder {folder.name}" for folder in folders)


def _kill_orphans() -> Iterator[int]:
    """Kill until none is left: they may be multiplying."""
    end = time.monotonic() + _KILL_LIMIT_S
    while (pids := orphan_pids()) and time.monotonic() < end:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            yield pid
        time.sleep(0.01)


def _is_ours(path: Path) -> bool:
    """Whether the path is a folder of our user, and no link to one."""
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return False
