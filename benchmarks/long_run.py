"""`python -m benchmarks.long_run` (`make bench-long`): does a long run stay as quick and as small as it began?

A scripted model proposes one new hypothesis after the other on the table toolchain: real graph, ledger, bank, judge and
checkpoints, no thinking. Per hundred hypotheses: processor time and time a hypothesis, prompt tokens of an idea,
resident memory, size of the checkpoints. At the end: how much more the last hundred took a hypothesis than the second
hundred (the first one warms up), how long the views of such a run take, each in a process of its own, and the report's
size.

A processor that others use as well gives less for a second of its time. So a fixed piece of work, the yardstick, is
timed after each hypothesis; the ratio is taken from processor time in yardsticks.

Resumable where `--folder` is given: what was measured is kept there, hypothesis by hypothesis.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from benchmarks.views import time_views
from memory.ledger.ledger import Event
from pelagos.settings import Settings
from tests.agents.scripted import Inventive, ScriptedAssembly
from tests.toolchains.table import write_task

CHARS_PER_TOKEN = 3.5
MEASURED = "measured.jsonl"
YARDSTICK = {f"name {number}": [number, number / 7, f"text {number}"] for number in range(100)}
HEAD = (
    "| hypotheses | processor s each | in yardsticks | s each, mean | s each, median | tokens an idea, mean | most "
    "| resident MB | checkpoints MB |\n|---|---|---|---|---|---|---|---|---|"
)


class Watch:
    """Measures at the end of each hypothesis. The first one after a start is left out, since it includes the start. What
    was measured is kept in a file alone, so that it isn't measured as the run's memory."""

    def __init__(self, every: int, run: Path, kept: Path) -> None:
        self.every, self.run, self.kept = every, run, kept
        kept.touch()
        self.count = 0
        self._measured = bytearray()
        """By the hypothesis' number: 1 where it was measured. A list of ids would grow with the run."""
        for hypothesis, _ in self._read_lines():
            self._mark(hypothesis)
        self.tokens = 0.0
        self._before: tuple[float, float] | None = None

    def __call__(self, event: Event) -> None:
        if event.kind != "lesson":
            return
        now = read_processor_s(), time.monotonic()
        if not self._mark(event.payload["hypothesis"]):  # its lesson is revised
            return
        took = (None, None) if self._before is None else (now[0] - self._before[0], now[1] - self._before[1])
        row = {
            "processor_s": took[0],
            "yardstick_s": time_yardstick(),
            "seconds": took[1],
            "tokens": self.tokens,
            "memory_mb": read_resident_mb(),
            "checkpoints_mb": self.measure_checkpoints_mb(),
        }
        with self.kept.open("a") as file:
            file.write(json.dumps([event.payload["hypothesis"], row]) + "\n")
        if self.count % self.every == 0:
            print(self.make_row(self.count // self.every - 1), flush=True)
        self._before = read_processor_s(), time.monotonic()

    def _mark(self, hypothesis: str) -> bool:
        """Mark a hypothesis as measured; return whether it wasn't."""
        number = int(hypothesis.removeprefix("h"))
        self._measured.extend(bytes(max(0, number + 1 - len(self._measured))))
        is_new = not self._measured[number]
        self._measured[number] = 1
        self.count += is_new
        return is_new

    def _read_lines(self, first: int = 0, end: int | None = None) -> Iterator[tuple[str, dict[str, float | None]]]:
        with self.kept.open() as file:
            for line in islice(file, first, end):
                hypothesis, row = json.loads(line)
                yield hypothesis, row

    def make_row(self, block: int) -> str:
        seconds, tokens = self.list_values("seconds", block), self.list_values("tokens", block)
        return (
            f"| {block * self.every + 1} to {(block + 1) * self.every} | {fmean(self.list_values('processor_s', block)):.3f} "
            f"| {self.count_yardsticks(block):.1f} | {fmean(seconds):.3f} | {median(seconds):.3f} | {fmean(tokens):.0f} | {max(tokens):.0f} "
            f"| {self.list_values('memory_mb', block)[-1]:.0f} | {self.list_values('checkpoints_mb', block)[-1]:.1f} |"
        )

    def list_values(self, name: str, block: int) -> list[float]:
        lines = self._read_lines(block * self.every, (block + 1) * self.every)
        return [value for _, row in lines if (value := row[name]) is not None]

    def count_yardsticks(self, block: int) -> float:
        return fmean(self.list_values("processor_s", block)) / fmean(self.list_values("yardstick_s", block))

    def measure_checkpoints_mb(self) -> float:
        return sum(path.stat().st_size for path in self.run.glob("checkpoints*")) / 1e6

    def describe_growth(self) -> str:
        """Return the last block compared with the second."""
        last = self.count // self.every - 1
        if last < 2:
            return ""
        cpu, wall = (
            fmean(self.list_values(name, last)) / fmean(self.list_values(name, 1))
            for name in ("processor_s", "seconds")
        )
        memory = self.list_values("memory_mb", last)[-1] - self.list_values("memory_mb", 1)[-1]
        ratio = self.count_yardsticks(last) / self.count_yardsticks(1)
        return (
            f"last {self.every} against the second {self.every}: {ratio:.2f} in yardsticks, {cpu:.2f} in processor "
            f"time, {wall:.2f} in time; memory {memory:+.0f} MB"
        )


class MeasuredModel(Inventive):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def complete(self, request: Request, limit: Any) -> Reply:
        if request.role == "ideator":
            self.watch.tokens = sum(len(message.content) for message in request.messages) / CHARS_PER_TOKEN
        reply = super().complete(request, limit)
        self.requests.clear()
        return reply


def read_processor_s() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def time_yardstick() -> float:
    """Return the processor seconds of a fixed piece of work."""
    began = time.thread_time()
    for _ in range(20):
        hashlib.sha256(json.dumps(YARDSTICK, sort_keys=True).encode()).hexdigest()
    return time.thread_time() - began


def read_resident_mb() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hypotheses", type=int, default=1000)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the run here, and go on with the one that is here")
    args = parser.parse_args(argv)
    if args.folder is not None:
        measure(args.folder, args.hypotheses, args.every)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), args.hypotheses, args.every)


def measure(folder: Path, hypotheses: int, every: int) -> None:
    run = folder / "runs/r"
    folder.mkdir(parents=True, exist_ok=True)
    watch = Watch(every, run, folder / MEASURED)
    assembly = ScriptedAssembly(MeasuredModel(watch))
    settings = Settings(
        loop={"hypotheses": hypotheses, "workers": 2},
        judge={"max_seeds": 5},
        screen={"tau": 0.999, "known_tau": 1.1},
        models={"default": "replay:none", "retries": 0},
        literature={"sources": ["corpus"]},
    )
    if not run.is_dir():
        create(folder, str(write_task(folder / "table")), settings, run, assembly)
    print(HEAD)
    for block in range(watch.count // every):
        print(watch.make_row(block), flush=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    ending = drive(run, watch, stop, assembly)
    print(f"\n{ending}\n{watch.describe_growth()}", flush=True)
    if ending.status == "finished":
        time_views(run)


if __name__ == "__main__":
    main()
