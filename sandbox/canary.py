"""A backend counts only after this ran in it, here: a program that tries to get out, and one that takes too much.

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
from dataclasses import dataclass, field
from pathlib import Path

from pelagos.errors import MissingPart, SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Limits, Sandbox, Spec

_LIMITS = Limits(seconds=30, memory_mb=96, pids=24, cpus=1, disk_mb=16)
_HOG = "blocks = []\nwhile len(blocks) < 300: blocks.append(bytearray(2_000_000))"
_PROBE = Path(__file__).with_name("canary_inside.py")


@dataclass(frozen=True)
class Probe:
    """One backend on this machine. `checks`: what was tried -> held or not; `mend` is a command or a sentence."""

    name: str
    works: bool
    isolation: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
    reason: str = ""
    mend: str = ""


def canary(sandbox: Sandbox) -> Probe:
    """Run the canary in `sandbox`. Never raises for what the machine lacks: the probe says it."""
    try:
        return _run(sandbox)
    except MissingPart as error:
        return Probe(sandbox.name, False, reason=str(error), mend=_mend(str(error)))
    except (SandboxError, OSError) as error:
        return Probe(sandbox.name, False, reason=str(error), mend=_mend(str(error)))


def _run(sandbox: Sandbox) -> Probe:
    with _bait() as (port, secret):
        question = json.dumps({"port": port, "secret": str(secret), "version": sys.version, "pids": _LIMITS.pids})
        files = {"canary.py": _PROBE.read_bytes(), "question.json": question.encode()}
        spec = Spec(["python", "canary.py"], files=files, collect={"answer.json": 10_000}, limits=_LIMITS)
        inside = sandbox.run(spec)
    if "answer.json" not in inside.files:
        reason = f"{inside.kind}: {inside.cause}: {inside.log[-300:]}".replace("\n", " | ")
        return Probe(sandbox.name, False, inside.isolation, reason=reason, mend=_mend(reason))
    checks: dict[str, bool] = {name: held is True for name, held in json.loads(inside.files["answer.json"]).items()}
    hog = sandbox.run(Spec(["python", "-c", _HOG], limits=_LIMITS))
    checks["memory limit kills"] = hog.kind is OutcomeKind.OOM
    broken = [name for name, held in checks.items() if not held]
    reason = f"not held: {', '.join(broken)}" if broken else ""
    return Probe(sandbox.name, not broken, inside.isolation, checks, reason, _mend(reason))


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


def _mend(reason: str) -> str:
    if not reason:
        return ""
    if "not on the PATH" in reason:
        return "apt install bubblewrap"
    if "control groups" in reason:
        return "run as root, or in a session with delegated control groups (systemd-run --user --scope -p Delegate=yes)"
    if "namespace" in reason or "uid map" in reason or "Permission denied" in reason:
        return "allow unprivileged user name spaces (sysctl kernel.unprivileged_userns_clone=1; an AppArmor profile)"
    return "run `pelagos sandbox probe --json` and look at what wasn't held"
