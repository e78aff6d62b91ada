"""Runs many experiments in a row, one in five of them hostile; afterwards the machine must be as it was before."""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.sandbox.traces import Traces
from pelagos.nouns import OutcomeKind
from sandbox.choose import choose
from sandbox.protocol import Limits, Sandbox, Spec
from tests.sandbox.escapes.files import FILES
from tests.sandbox.escapes.kernel import KERNEL
from tests.sandbox.escapes.memory import MEMORY
from tests.sandbox.escapes.network import NETWORK
from tests.sandbox.escapes.pretence import PRETENCE
from tests.sandbox.escapes.processes import PROCESSES
from tests.sandbox.escapes.results import RESULTS
from tests.sandbox.escapes.table import Escape
from tests.sandbox.escapes.witness import Host, host

EVERY = 5
WARM = 30  # the docker package keeps up to 25 idle connections
_ALL = [*PROCESSES, *MEMORY, *RESULTS, *KERNEL, *NETWORK, *FILES, *PRETENCE]
HOSTILE = [escape for escape in _ALL if not escape.x86 or platform.machine() == "x86_64"]
HONEST = "import numpy as np\nnp.save('y.npy', np.random.default_rng(0).normal(size=10_000))\nprint('done')"
LIMITS = Limits(seconds=60, memory_mb=512)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--experiments", type=int, default=300)
    parser.add_argument("--backend", default="auto")
    parser.set_defaults(run=measure)


def measure(chosen: argparse.Namespace) -> int:
    box = choose(chosen.backend)
    with open_own_folder(), tempfile.TemporaryDirectory() as name, host(Path(name)) as outside:
        for escape in (*[None] * WARM, HOSTILE[0], None):  # what is made once, on first use, is no growth
            _find_faults(box, outside, escape, collections.Counter())
        before, began = Traces.now(), time.monotonic()
        counts: collections.Counter[str] = collections.Counter()
        faults = [
            fault
            for escape in plan_experiments(chosen.experiments)
            for fault in _find_faults(box, outside, escape, counts)
        ]
        took, after = time.monotonic() - began, Traces.settled(before)
    print(make_table(box.name, chosen.experiments, took, counts, before, after))
    faults += [f"grew: {trace}" for trace in after.growth(before)]
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return int(bool(faults))


@contextlib.contextmanager
def open_own_folder() -> Iterator[None]:
    """Use a temporary folder for this process alone, so that whatever is left in it is ours."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="endurance-") as name:
        Path(name).chmod(0o755)
        tempfile.tempdir = name
        try:
            yield
        finally:
            tempfile.tempdir = before


def plan_experiments(number: int) -> Iterator[Escape | None]:
    """Yield None for an honest experiment, and as every fifth the next hostile one."""
    for index in range(number):
        yield HOSTILE[index // EVERY % len(HOSTILE)] if index % EVERY == EVERY - 1 else None


def _find_faults(box: Sandbox, outside: Host, escape: Escape | None, counts: collections.Counter[str]) -> list[str]:
    """Run one experiment and return what was wrong."""
    if escape is None:
        done = box.run(Spec(["python", "-c", HONEST], collect={"y.npy": 1_000_000}, limits=LIMITS))
        counts[f"honest: {done.kind}"] += 1
        return [] if done.kind is OutcomeKind.OK and done.files else [f"honest: {done.kind}: {done.cause}"]
    files = {"w.json": json.dumps(outside.bait()).encode(), "hostile.py": escape.program}
    spec = Spec(
        ["python", "hostile.py", outside.mark], files, {"shown": outside.shown}, escape.collect, limits=escape.limits
    )
    done = box.run(spec)
    counts[f"hostile: {done.kind}"] += 1
    right = done.kind in escape.kinds and re.search(escape.cause, done.cause)
    wrong = [] if right else [f"{escape.name}: {done.kind}: {done.cause}"]
    return wrong + [f"{escape.name}: {breach}" for breach in outside.breaches(done.log)]


def make_table(name: str, number: int, took: float, counts: Mapping[str, int], before: Traces, after: Traces) -> str:
    """Return Markdown: how the experiments ended, and what was on the machine before and after."""
    rows = [f"{number} experiments in a row in {name}, one in {EVERY} hostile, {took:.0f} s.", ""]
    rows += ["| ended | experiments |", "| --- | --- |"]
    rows += [f"| {kind} | {times} |" for kind, times in sorted(counts.items())]
    rows += ["", "| of ours on the machine | before | after |", "| --- | --- | --- |"]
    rows += [f"| {trace} | {count} | {after.counts[trace]} |" for trace, count in before.counts.items()]
    return "\n".join(rows)
