"""Tests a backend on this machine: it counts only after these programs ran in it. One tries to get out, one looks for
labels, and some exceed limits.

The checks are a sample of the threat, not a proof: they tell a jail that works on this machine from one that silently
doesn't (a kernel without namespaces, a policy that forbids them, a missing controller).
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pelagos.disk_space import NO_SPACE_ERRNOS
from pelagos.errors import DiskFull, MissingPart, SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.advice import find_remedy
from sandbox.datasets.search import find_readable_labels, search_labels
from sandbox.datasets.tables import EMPTIED, LABELS
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

_LIMITS = Limits(seconds=30, memory_mb=96, pids=24, cpus=1, disk_mb=16)
_CPU_LIMITS = Limits(seconds=0.8, memory_mb=96, pids=24, cpus=0.2, disk_mb=16)
_MEMORY_HOG = "blocks = []\nwhile len(blocks) < 300: blocks.append(bytearray(2_000_000))"
_DISK_FLOOD = "for n in range(9):\n  with open(f'{n}', 'wb') as f: f.write(bytes(4_000_000))"
_CPU_BURN = "import os\nfor _ in range(3): os.fork()\nwhile True: pass"
_PROBE = Path(__file__).with_name("canary_inside.py")
_LABELS = {"labels": [*LABELS, *EMPTIED]}

# The aspects of isolation. A backend counts only where all essential ones hold; it is complete where all hold.
ESSENTIAL = ("python", "filesystem", "network", "secrets", "labels", "kernel", "pids", "memory", "disk")
ASPECTS = (*ESSENTIAL, "cpu")


@dataclass(frozen=True)
class Probe:
    """The result for one backend on this machine. `checks`: aspect -> held or not; `mend` is a command or a
    sentence."""

    name: str
    works: bool
    isolation: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
    reason: str = ""
    mend: str = ""

    @property
    def complete(self) -> bool:
        """Whether it works and every aspect holds."""
        return self.works and all(self.checks.get(aspect) for aspect in ASPECTS)


def canary(sandbox: Sandbox, image: str = "") -> Probe:
    """Run the canary in `sandbox`; `image` is the user's own, which may change under its name. What the machine lacks
    is returned in the probe, never raised. Raises DiskFull, which says nothing about the backend."""
    try:
        return _run_canary(sandbox, image)
    except MissingPart as error:
        return Probe(sandbox.name, False, reason=str(error), mend=find_remedy(str(error)))
    except (SandboxError, OSError) as error:
        if getattr(error, "errno", 0) in NO_SPACE_ERRNOS:
            raise DiskFull(str(getattr(error, "filename", None) or tempfile.gettempdir())) from error
        return Probe(sandbox.name, False, reason=str(error), mend=find_remedy(str(error)))


def _run_canary(sandbox: Sandbox, image: str) -> Probe:
    with _start_bait() as (port, secret):
        question = {"port": port, "secret": str(secret), "version": sys.version, "pids": _LIMITS.pids}
        files = {"canary.py": _PROBE.read_bytes(), "question.json": json.dumps(question | _LABELS).encode()}
        spec = Spec(["python", "canary.py"], files=files, collect={"answer.json": 10_000}, limits=_LIMITS)
        outcome = sandbox.run(spec)
    if "answer.json" not in outcome.files:
        reason = f"{outcome.kind}: {outcome.cause}: {outcome.log[-300:]}".replace("\n", " | ")
        return Probe(sandbox.name, False, outcome.isolation, reason=reason, mend=find_remedy(reason))
    checks: dict[str, bool] = {name: held is True for name, held in json.loads(outcome.files["answer.json"]).items()}
    readable = (search_labels(sandbox) if image else find_readable_labels(sandbox)) if checks["labels"] else []
    checks |= _check_limits(sandbox) | {"labels": checks["labels"] and not readable}
    not_held = [name for name in ESSENTIAL if not checks.get(name)]
    reason = f"not held: {', '.join(not_held)}" if not_held else ""
    reason += f"; labels of a data set lie at {readable[0]}" if readable else ""
    return Probe(sandbox.name, not not_held, outcome.isolation, checks, reason, find_remedy(reason))


def _check_limits(sandbox: Sandbox) -> dict[str, bool]:
    """Run programs that exceed a limit, in parallel."""

    def run(code: str, limits: Limits) -> Outcome:
        return sandbox.run(Spec(["python", "-c", code], limits=limits))

    with ThreadPoolExecutor(3) as pool:
        hog, flood, burn = pool.map(run, (_MEMORY_HOG, _DISK_FLOOD, _CPU_BURN), (_LIMITS, _LIMITS, _CPU_LIMITS))
    return {
        "memory": hog.kind is OutcomeKind.OOM,
        "disk": flood.kind is OutcomeKind.DISK,
        "cpu": burn.cpu_seconds <= 2 * _CPU_LIMITS.cpus * max(burn.seconds, _CPU_LIMITS.seconds),
    }


@contextlib.contextmanager
def _start_bait() -> Iterator[tuple[int, Path]]:
    """Open a listening port on the host and a file that every user of the host may read."""
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory(prefix="pelagos-canary") as name:
        folder = Path(name)
        folder.chmod(0o755)
        secret = folder / "secret.txt"
        secret.write_text("labels")
        secret.chmod(0o644)
        yield server.getsockname()[1], secret
