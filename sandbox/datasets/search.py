"""Whether the labels of known data sets can be read anywhere in a sandbox: a search by content, done once for what the
sandbox shows and kept in the user's cache until that changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from pelagos.errors import SandboxError
from pelagos.nouns import OutcomeKind
from sandbox import interpreter
from sandbox.protocol import Limits, Sandbox, Spec

SECONDS = 60.0  # of processor time; 18,000 files take about 3
_LIMITS = Limits(seconds=300, memory_mb=600, pids=24, cpus=1, disk_mb=16)
_PROBE = Path(__file__).with_name("search_inside.py")

# Labels as they follow each other in the shipped tasks' data sets, from where they are like nothing else: digits from
# the 31st on, diabetes. The rows of the iris flowers, without and with their class, since so many packages carry them.
RUNS: tuple[tuple[float, ...], ...] = (
    (0, 9, 5, 5, 6, 5, 0, 9, 8, 9, 8, 4, 1, 7, 7, 3, 5, 1, 0, 0, 2, 2, 7, 8, 2, 0, 1, 2, 6, 3, 3, 7),
    (151, 75, 141, 206, 135, 97, 138, 63, 110, 310, 101, 69, 179, 185, 118, 171, 166, 144, 97, 168, 68, 49, 68, 245),
    (5.1, 3.5, 1.4, 0.2, 4.9, 3, 1.4, 0.2, 4.7, 3.2, 1.3, 0.2),
    (5.1, 3.5, 1.4, 0.2, 0, 4.9, 3, 1.4, 0.2, 0, 4.7, 3.2, 1.3, 0.2, 0),
)


def readable_labels(sandbox: Sandbox) -> list[str]:
    """Paths inside at which a known run of labels can be read. Raises SandboxError where the search itself fails."""
    kept = _kept(sandbox.name)
    with contextlib.suppress(OSError, ValueError):  # not searched yet, or only half written
        return [str(path) for path in json.loads(kept.read_text())]
    found = search(sandbox)
    with contextlib.suppress(OSError):  # no cache: it is searched again in the next process
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found))
    return found


def search(sandbox: Sandbox) -> list[str]:
    """The same, asked anew. A search that found nothing before its time was up is one that failed."""
    question = json.dumps({"runs": RUNS, "seconds": SECONDS}).encode()
    files = {"search.py": _PROBE.read_bytes(), "question.json": question}
    done = sandbox.run(Spec(["python", "search.py"], files=files, collect={"answer.json": 100_000}, limits=_LIMITS))
    if done.kind is not OutcomeKind.OK:
        raise SandboxError(f"the search for labels failed: {done.kind}: {done.cause}: {done.log[-300:]}")
    answer = json.loads(done.files["answer.json"])
    if not answer["found"] and not answer["whole"]:
        raise SandboxError(f"the search for labels was not over after {SECONDS:g} s and {answer['looked']} files")
    return [str(path) for path in answer["found"]]


def _kept(name: str) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  no home is no error
    return Path(cache) / "pelagos" / "searched" / f"{_state(name)}.json"


def _state(name: str) -> str:
    """A hash of what a sandbox shows: changes where a package is installed or removed, or is covered differently."""
    folders = [*interpreter.system_folders()[0], *interpreter.python_folders()[0]]
    hidden = interpreter.covered()
    around = {above for path in hidden for above in path.parents if above.name.endswith("-packages")}
    times = [(str(path), path.stat().st_mtime_ns) for path in [*folders, *sorted(around)]]
    said = [name, times, [str(path) for path in hidden], RUNS, _PROBE.read_text()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
