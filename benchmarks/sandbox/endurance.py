"""Many experiments in a row, one in five of them hostile: afterwards everything is as it was before."""

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
HOSTILE = [one for one in _ALL if not one.x86 or platform.machine() == "x86_64"]
HONEST = "import numpy as np\nnp.save('y.npy', np.random.default_rng(0).normal(size=10_000))\nprint('done')"
LIMITS = Limits(seconds=60, memory_mb=512)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--experiments", type=int, default=300)
    parser.add_argument("--backend", default="auto")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    box = choose(chosen.backend)
    with own_folder(), tempfile.TemporaryDirectory() as name, host(Path(name)) as outside:
        for one in (*[None] * WARM, HOSTILE[0], None):  # what is made once, on first use, is no growth
            _faults(box, outside, one, collections.Counter())
        before, began = Traces.now(), time.monotonic()
        counts: collections.Counter[str] = collections.Counter()
        faults = [fault for one in plan(chosen.experiments) for fault in _faults(box, outside, one, counts)]
        took, after = time.monotonic() - began, Traces.settled(before)
    print(table(box.name, chosen.experiments, took, counts, before, after))
    faults += [f"grew: {what}" for what in after.growth(before)]
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return int(bool(faults))


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """A temporary folder for this process alone, so that whatever is left in it is ours."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="endurance-") as name:
        Path(name).chmod(0o755)
        tempfile.tempdir = name
        try:
            yield
        finally:
            tempfile.tempdir = before


def plan(number: int) -> Iterator[Escape | None]:
    """Honest ones (None), and every fifth a hostile one, in turn."""
    for place in range(number):
        yield HOSTILE[place // EVERY % len(HOSTILE)] if place % EVERY == EVERY - 1 else None


def _faults(box: Sandbox, outside: Host, one: Escape | None, counts: collections.Counter[str]) -> list[str]:
    """Run one and say what was wrong."""
    if one is None:
        done = box.run(Spec(["python", "-c", HONEST], collect={"y.npy": 1_000_000}, limits=LIMITS))
        counts[f"honest: {done.kind}"] += 1
        return [] if done.kind is OutcomeKind.OK and done.files else [f"honest: {done.kind}: {done.cause}"]
    files = {"w.json": json.dumps(outside.bait()).encode(), "hostile.py": one.program}
    spec = Spec(["python", "hostile.py", outside.mark], files, {"shown": outside.shown}, one.collect, limits=one.limits)
    done = box.run(spec)
    counts[f"hostile: {done.kind}"] += 1
    right = done.kind in one.kinds and re.search(one.cause, done.cause)
    wrong = [] if right else [f"{one.name}: {done.kind}: {done.cause}"]
    return wrong + [f"{one.name}: {breach}" for breach in outside.breaches(done.log)]


def table(name: str, number: int, took: float, counts: Mapping[str, int], before: Traces, after: Traces) -> str:
    """Markdown: how they ended, and what was there before and after."""
    rows = [f"{number} experiments in a row in {name}, one in {EVERY} hostile, {took:.0f} s.", ""]
    rows += ["| ended | experiments |", "| --- | --- |"]
    rows += [f"| {kind} | {times} |" for kind, times in sorted(counts.items())]
    rows += ["", "| of ours on the machine | before | after |", "| --- | --- | --- |"]
    rows += [f"| {what} | {there} | {after.counts[what]} |" for what, there in before.counts.items()]
    return "\n".join(rows)
