"""Processor seconds of a torch program inside the sandbox against outside: what the sandbox itself costs a long run."""

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
from sandbox.interpreter import environment
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


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    _, steps = outside(0, chosen.seconds)
    boxes, missing = arms.standing()
    taken: dict[str, list[float]] = {name: [] for name in ("outside", *boxes)}
    for _ in range(chosen.repeats):
        taken["outside"].append(outside(steps, 0)[0])
        for name, box in boxes.items():
            taken[name].append(inside(box, steps))
    print(table(taken, steps))
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")
    return 0


def outside(steps: int, seconds: float) -> tuple[float, int]:
    """(processor seconds of the process, steps made), with the same environment as inside."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, str(steps), str(seconds)]
        env = environment(1.0, folder, folder)
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = process.stdout.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"the program failed outside: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, int(printed[-1])


def inside(box: Sandbox, steps: int) -> float:
    spec = Spec(["python", "-c", PROGRAM, str(steps), "0"], limits=Limits(seconds=600, memory_mb=4000, cpus=1))
    done = box.run(spec)
    if done.kind is not OutcomeKind.OK:
        raise RuntimeError(f"{box.name}: {done.kind}: {done.cause}: {done.log[-500:]}")
    return done.cpu_seconds


def table(taken: Mapping[str, Sequence[float]], steps: int) -> str:
    """Markdown; `outside` first, the others compared with it pair by pair."""
    rows = [HEAD]
    for name, seconds in taken.items():
        more = statistics.median(100 * (one / base - 1) for one, base in zip(seconds, taken["outside"], strict=True))
        said = "-" if name == "outside" else f"{more:+.1f} %"
        rows.append(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} | {said} |")
    rows.append(f"\n{len(taken['outside'])} repeats of {steps} training steps, interleaved; aim: at most +{LIMIT:g} %.")
    return "\n".join(rows)
