"""Measures the processor seconds of a torch program inside and outside: what the sandbox costs a long run."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from benchmarks.sandbox import arms
from pelagos.nouns import OutcomeKind
from sandbox.host.host_view import build_environment
from sandbox.protocol import Limits, Sandbox, Spec

LIMIT = 5.0  # per cent
HEAD = "| | median CPU s | min CPU s | more than outside, median of pairs |\n| --- | --- | --- | --- |"
# Small training steps, as an experiment has them: many short calls, some memory, a file now and then.
PROGRAM = """
import sys, time, torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(256, 256), torch.randint(0, 10, (256,))
began, steps = time.process_time(), 0
while steps < int(sys.argv[1]) or time.process_time() - began < float(sys.argv[2]):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    steps += 1
    if steps % 500 == 0:
        torch.save(model.state_dict(), "model.pt")
        print(steps, flush=True)
print(steps)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.set_defaults(run=measure)


def measure(chosen: argparse.Namespace) -> int:
    _, steps = run_outside(0, chosen.seconds)
    boxes, missing = arms.probe_backends()
    taken: dict[str, list[float]] = {name: [] for name in ("outside", *boxes)}
    for _ in range(chosen.repeats):
        taken["outside"].append(run_outside(steps, 0)[0])
        for name, box in boxes.items():
            taken[name].append(run_inside(box, steps))
    print(make_table(taken, steps))
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")
    return 0


def run_outside(steps: int, seconds: float) -> tuple[float, int]:
    """Return (processor seconds of the process, steps made), in the same environment as inside."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, str(steps), str(seconds)]
        env = build_environment(1.0, folder, folder)
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = process.stdout.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"the program failed outside: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, int(printed[-1])


def run_inside(box: Sandbox, steps: int) -> float:
    spec = Spec(["python", "-c", PROGRAM, str(steps), "0"], limits=Limits(seconds=600, memory_mb=4000, cpus=1))
    done = box.run(spec)
    if done.kind is not OutcomeKind.OK:
        raise RuntimeError(f"{box.name}: {done.kind}: {done.cause}: {done.log[-500:]}")
    return done.cpu_seconds


def make_table(taken: Mapping[str, Sequence[float]], steps: int) -> str:
    """Return Markdown: `outside` first, the others compared with it pair by pair."""
    rows = [HEAD]
    for name, seconds in taken.items():
        percent_more = statistics.median(
            100 * (inside / outside - 1) for inside, outside in zip(seconds, taken["outside"], strict=True)
        )
        comparison = "-" if name == "outside" else f"{percent_more:+.1f} %"
        rows.append(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} | {comparison} |")
    rows.append(f"\n{len(taken['outside'])} repeats of {steps} training steps, interleaved; aim: at most +{LIMIT:g} %.")
    return "\n".join(rows)
