"""No isolation: a plain process with resource limits, for people who ask for it by name on code they trust.

It sees the host's files, network and processes; its own environment is clean and its tree is killed, as far as the
tree doesn't hide. Never chosen by itself, and named in every result.
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

from pelagos.errors import DiskFull, SandboxError
from sandbox import gpus, interpreter
from sandbox.classify import outcome
from sandbox.collect import collect, parts, place
from sandbox.faults import FULL, refusals
from sandbox.gpu_meter import gpu_meter
from sandbox.log import BoundedLog
from sandbox.meter import MB
from sandbox.owner import is_orphan, new_label
from sandbox.process import GATE, Tree
from sandbox.protocol import Outcome, Spec
from sandbox.watch import LABEL, Watch, orphans, resource_limits, same_label

_PATIENCE = 5.0

ISOLATION = "unsafe (no isolation)"


class Unsafe:
    """Satisfies `Sandbox`; isolates nothing."""

    name = "unsafe"

    @refusals()
    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`."""
        with _folder() as folder:
            meter = Watch(spec.limits, same_label(folder.name))
            environment = interpreter.environment(spec.limits.cpus, str(folder), str(folder))
            environment |= {"CUDA_VISIBLE_DEVICES": ""} | gpus.environment(gpus.chosen(spec.gpus)) | dict(spec.env)
            _link(spec, folder)
            command = ["prlimit", *resource_limits(spec.limits, processes=False), *GATE]
            argv = interpreter.translate([*spec.argv])
            tree = Tree([*command, *argv], (), (), cwd=folder, env=environment | {LABEL: folder.name})
            at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                tree.ready()
                place(at, spec.files, None)
                meter.begin(tree.pid, ())
                log = BoundedLog(int(spec.limits.log_mb * MB), on_line)
                with gpu_meter(spec, same_label(folder.name)(tree.pid)) as cards:
                    ending = tree.run(spec.limits.seconds, log, lambda: meter.sample() or cards.sample(), meter.kill)
                files, refused = collect(at, spec.collect)
                held = _size(folder)
            finally:
                meter.kill()
                tree.close()
                os.close(at)
        counters = meter.close()
        made = outcome(spec.limits, ending, counters, False, files, refused, log.close(), ISOLATION, held)
        return cards.typed(made)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.gettempdir()) / new_label()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except SandboxError as error:
        if getattr(error.__cause__, "errno", 0) in FULL:  # here the work folder is on a disk
            raise DiskFull(str(folder.parent)) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path) -> int:
    """What its work folder holds at the end, in bytes; links are not followed."""
    size = 0
    for above, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # who hides from us may still be at work
                size += (Path(above) / name).lstat().st_blocks * 512
    return size


def _link(spec: Spec, folder: Path) -> None:
    for name, source in spec.readonly.items():
        at = folder.joinpath(*parts(name))
        at.parent.mkdir(parents=True, exist_ok=True)
        at.symlink_to(source.resolve(strict=True))


def reap() -> list[str]:
    """Remove our user's work folders whose owner is gone, and kill what still runs for them. Returns what it was."""
    killed = sorted(set(_killed()))
    folders = [path for path in Path(tempfile.gettempdir()).iterdir() if is_orphan(path.name) and _is_ours(path)]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return [f"process {pid}" for pid in killed] + sorted(f"work folder {folder.name}" for folder in folders)


def _killed() -> Iterator[int]:
    """Until nobody is left: they may be multiplying."""
    end = time.monotonic() + _PATIENCE
    while (left := orphans()) and time.monotonic() < end:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            yield pid
        time.sleep(0.01)


def _is_ours(path: Path) -> bool:
    """A folder and no link to one, of our user."""
    with contextlib.suppress(FileNotFoundError):
        info = path.lstat()
        return stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid()
    return False
