"""Checks whether the labels of known data sets can be read anywhere in a sandbox.

The search is by content. It is done once for what the sandbox shows, and its result is kept in the user's cache until
that changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from pelagos.errors import SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.host import host_view
from sandbox.protocol import Limits, Sandbox, Spec

CPU_SECONDS = 60.0  # seconds of processor time; 18,000 files take about 3
_LIMITS = Limits(seconds=300, memory_mb=600, pids=24, cpus=1, disk_mb=16)
_PROBE = Path(__file__).with_name("search_inside.py")

# Sequences of labels of the shipped tasks' data sets that occur nowhere else: digits from the 31st on, diabetes. Also
# the rows of the iris flowers, without and with their class, since so many packages carry them.
LABEL_SEQUENCES: tuple[tuple[float, ...], ...] = (
    (0, 9, 5, 5, 6, 5, 0, 9, 8, 9, 8, 4, 1, 7, 7, 3, 5, 1, 0, 0, 2, 2, 7, 8, 2, 0, 1, 2, 6, 3, 3, 7),
    (151, 75, 141, 206, 135, 97, 138, 63, 110, 310, 101, 69, 179, 185, 118, 171, 166, 144, 97, 168, 68, 49, 68, 245),
    (5.1, 3.5, 1.4, 0.2, 4.9, 3, 1.4, 0.2, 4.7, 3.2, 1.3, 0.2),
    (5.1, 3.5, 1.4, 0.2, 0, 4.9, 3, 1.4, 0.2, 0, 4.7, 3.2, 1.3, 0.2, 0),
)


def find_readable_labels(sandbox: Sandbox) -> list[str]:
    """Return paths inside at which a known sequence of labels can be read. Raises SandboxError where the search itself
    fails."""
    cache_file = _cache_file(sandbox.name)
    with contextlib.suppress(OSError, ValueError):  # not searched yet, or only half written
        return [str(path) for path in json.loads(cache_file.read_text())]
    paths = search_labels(sandbox)
    with contextlib.suppress(OSError):  # no cache: it is searched again in the next process
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        cache_file.write_text(json.dumps(paths))
    return paths


def search_labels(sandbox: Sandbox) -> list[str]:
    """Search without the cache. A search that found nothing before its time was up counts as failed."""
    question = json.dumps({"runs": LABEL_SEQUENCES, "seconds": CPU_SECONDS}).encode()
    files = {"search.py": _PROBE.read_bytes(), "question.json": question}
    outcome = sandbox.run(Spec(["python", "search.py"], files=files, collect={"answer.json": 100_000}, limits=_LIMITS))
    if outcome.kind is not OutcomeKind.OK:
        raise SandboxError(f"the search for labels failed: {outcome.kind}: {outcome.cause}: {outcome.log[-300:]}")
    answer = json.loads(outcome.files["answer.json"])
    if not answer["found"] and not answer["whole"]:
        raise SandboxError(f"the search for labels was not over after {CPU_SECONDS:g} s and {answer['looked']} files")
    return [str(path) for path in answer["found"]]


def _cache_file(name: str) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  no home is no error
    return Path(cache) / "pelagos" / "searched" / f"{_view_digest(name)}.json"


def _view_digest(name: str) -> str:
    """Return a hash of what a sandbox shows: it changes where a package is installed or removed, or masked
    differently."""
    folders = [*host_view.system_folders()[0], *host_view.python_folders()[0]]
    masked = host_view.masked_paths()
    parents = {parent for path in masked for parent in path.parents if parent.name.endswith("-packages")}
    times = [(str(path), path.stat().st_mtime_ns) for path in [*folders, *sorted(parents)]]
    state = [name, times, [str(path) for path in masked], LABEL_SEQUENCES, _PROBE.read_text()]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:32]
