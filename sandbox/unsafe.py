"""No isolation: a plain process with resource limits, for people who ask for it by name on code they trust.

It sees the host's files, network and processes; its own environment is clean and its tree is killed, as far as the
tree doesn't hide. Never chosen by itself, and named in every result.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pelagos.errors import DiskFull, SandboxError
from sandbox import gpus, interpreter
from sandbox.classify import outcome
from sandbox.collect import collect, parts, place
from sandbox.gpu_meter import gpu_meter
from sandbox.log import BoundedLog
from sandbox.meter import MB
from sandbox.owner import is_orphan, new_label
from sandbox.process import GATE, Tree
from sandbox.protocol import Outcome, Spec
from sandbox.watch import LABEL, Watch, resource_limits, same_label

ISOLATION = "unsafe (no isolation)"


class Unsafe:
    """Satisfies `Sandbox`; isolates nothing."""

    name = "unsafe"

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
            finally:
                meter.kill()
                tree.close()
                os.close(at)
        counters = meter.close()
        made = outcome(spec.limits, ending, counters, False, files, refused, log.close(), ISOLATION)
        return cards.typed(made)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.gettempdir()) / new_label()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except SandboxError as error:
        if getattr(error.__cause__, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):  # here the work folder is on a disk
            raise DiskFull(str(folder.parent)) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link(spec: Spec, folder: Path) -> None:
    for name, source in spec.readonly.items():
        at = folder.joinpath(*parts(name))
        at.parent.mkdir(parents=True, exist_ok=True)
        at.symlink_to(source.resolve(strict=True))


def reap() -> list[str]:
    """Remove work folders whose owner is gone. Returns their names."""
    folders = [path for path in Path(tempfile.gettempdir()).iterdir() if path.is_dir() and is_orphan(path.name)]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return sorted(folder.name for folder in folders)
