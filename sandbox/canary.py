"""A backend counts only after this ran in it, here: a program that tries to get out, one that looks for labels, and
some that take too much.

The checks are a sample of the threat, not a proof: they tell a jail that stands on this machine from one that
silently doesn't (a kernel without name spaces, a policy that forbids them, a missing controller).
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

from pelagos.errors import MissingPart, SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.advice import mend
from sandbox.datasets.search import readable_labels, search
from sandbox.datasets.tables import HOLLOWED, LABELS
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

_LIMITS = Limits(seconds=30, memory_mb=96, pids=24, cpus=1, disk_mb=16)
_SLOW = Limits(seconds=0.8, memory_mb=96, pids=24, cpus=0.2, disk_mb=16)
_HOG = "blocks = []\nwhile len(blocks) < 300: blocks.append(bytearray(2_000_000))"
_FLOOD = "for n in range(9):\n  with open(f'{n}', 'wb') as f: f.write(bytes(4_000_000))"
_BURN = "import os\nfor _ in range(3): os.fork()\nwhile True: pass"
_PROBE = Path(__file__).with_name("canary_inside.py")
_LABELS = {"labels": [*LABELS, *HOLLOWED]}

# What each isolates. Without one of the first a backend doesn't count; it's complete where all of them hold.
ESSENTIAL = ("python", "filesystem", "network", "secrets", "labels", "kernel", "pids", "memory", "disk")
ASPECTS = (*ESSENTIAL, "cpu")


@dataclass(frozen=True)
class Probe:
    """One backend on this machine. `checks`: aspect -> held or not; `mend` is a command or a sentence."""

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
    is never raised: the probe says it."""
    try:
        return _run(sandbox, image)
    except MissingPart as error:
        return Probe(sandbox.name, False, reason=str(error), mend=mend(str(error)))
    except (SandboxError, OSError) as error:
        return Probe(sandbox.name, False, reason=str(error), mend=mend(str(error)))


def _run(sandbox: Sandbox, image: str) -> Probe:
    with _bait() as (port, secret):
        question = {"port": port, "secret": str(secret), "version": sys.version, "pids": _LIMITS.pids}
        files = {"canary.py": _PROBE.read_bytes(), "question.json": json.dumps(question | _LABELS).encode()}
        spec = Spec(["python", "canary.py"], files=files, collect={"answer.json": 10_000}, limits=_LIMITS)
        inside = sandbox.run(spec)
    if "answer.json" not in inside.files:
        reason = f"{inside.kind}: {inside.cause}: {inside.log[-300:]}".replace("\n", " | ")
        return Probe(sandbox.name, False, inside.isolation, reason=reason, mend=mend(reason))
    checks: dict[str, bool] = {name: held is True for name, held in json.loads(inside.files["answer.json"]).items()}
    readable = (search(sandbox) if image else readable_labels(sandbox)) if checks["labels"] else []
    checks |= _bounds(sandbox) | {"labels": checks["labels"] and not readable}
    broken = [name for name in ESSENTIAL if not checks.get(name)]
    reason = f"not held: {', '.join(broken)}" if broken else ""
    reason += f"; labels of a data set lie at {readable[0]}" if readable else ""
    return Probe(sandbox.name, not broken, inside.isolation, checks, reason, mend(reason))


def _bounds(sandbox: Sandbox) -> dict[str, bool]:
    """Programs that take too much, beside each other."""

    def run(code: str, limits: Limits) -> Outcome:
        return sandbox.run(Spec(["python", "-c", code], limits=limits))

    with ThreadPoolExecutor(3) as pool:
        hog, flood, burn = pool.map(run, (_HOG, _FLOOD, _BURN), (_LIMITS, _LIMITS, _SLOW))
    return {
        "memory": hog.kind is OutcomeKind.OOM,
        "disk": flood.kind is OutcomeKind.DISK,
        "cpu": burn.cpu_seconds <= 2 * _SLOW.cpus * max(burn.seconds, _SLOW.seconds),
    }


@contextlib.contextmanager
def _bait() -> Iterator[tuple[int, Path]]:
    """A listening port on the host and a file that everybody on the host may read."""
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory(prefix="pelagos-canary") as name:
        folder = Path(name)
        folder.chmod(0o755)
        secret = folder / "secret.txt"
        secret.write_text("labels")
        secret.chmod(0o644)
        yield server.getsockname()[1], secret
