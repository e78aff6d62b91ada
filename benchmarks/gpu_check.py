"""On a machine with a card: experiments that really train on it, in the sandbox that `auto` takes.

`python -m benchmarks.gpu_check` prints a Markdown table. One experiment alone; two that share the card by slots, at
the same time; one that takes more than its share and one that takes all there is (both typed oom), and after each the
next one runs. Exit code 1 where one of them came out otherwise, 4 where there is no card. Takes two minutes or so.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

from pelagos.errors import MissingPart
from pelagos.nouns import OutcomeKind
from sandbox.choose import choose
from sandbox.gpu.gpu_slots import take
from sandbox.gpu.gpus import list_gpus
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

SHARE_MB = 4_000
_TRAIN = """
import torch
device = torch.device("cuda")
torch.manual_seed(0)
x = torch.randn(4096, 256, device=device)
y = x @ torch.randn(256, 1, device=device)
model = torch.nn.Sequential(torch.nn.Linear(256, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 1)).to(device)
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
losses = []
for step in range(STEPS):
    loss = torch.nn.functional.mse_loss(model(x), y)
    optimiser.zero_grad(); loss.backward(); optimiser.step()
    losses.append(loss.item())
assert torch.cuda.device_count() == 1, torch.cuda.device_count()
assert losses[-1] < losses[0] / 2, losses[-1]
print(f"{torch.cuda.get_device_name()}: loss {losses[0]:.1f} to {losses[-1]:.3f}")
"""
_GREEDY = """
import time, torch
held = []
while True:
    held.append(torch.zeros(BLOCK_MB * 250_000, device="cuda"))
    torch.cuda.synchronize()
    time.sleep(PAUSE)
"""


@dataclass(frozen=True)
class Line:
    """One row of the table. `span` is when it ran, in seconds of the monotonic clock."""

    name: str
    wanted: OutcomeKind
    outcome: Outcome
    span: tuple[float, float]

    @property
    def good(self) -> bool:
        return self.outcome.kind is self.wanted


def run_experiment(sandbox: Sandbox, name: str, code: str, wanted: OutcomeKind, memory_mb: int | None) -> Line:
    """Run one experiment on one card, held by slots as a toolchain does it."""
    limits = Limits(seconds=180, memory_mb=12_000, pids=256, cpus=1, gpus=1, gpu_memory_mb=memory_mb)
    with take(1, memory_mb, lambda reason: None) as cards:
        begin = monotonic()
        outcome = sandbox.run(Spec(["python", "-c", code], limits=limits, gpus=cards))
        return Line(name, wanted, outcome, (begin, monotonic()))


def _make_training(steps: int) -> str:
    return _TRAIN.replace("STEPS", str(steps))


def _make_greedy(block_mb: int, pause: float) -> str:
    return _GREEDY.replace("BLOCK_MB", str(block_mb)).replace("PAUSE", str(pause))


def check(sandbox: Sandbox) -> list[Line]:
    ok, oom = OutcomeKind.OK, OutcomeKind.OOM
    lines = [run_experiment(sandbox, "trains, card to itself", _make_training(300), ok, None)]
    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(run_experiment, sandbox, f"trains, shares ({n} of 2)", _make_training(5_000), ok, SHARE_MB)
            for n in (1, 2)
        ]
        lines += [future.result() for future in futures]
    lines.append(run_experiment(sandbox, "takes more than its share", _make_greedy(500, 0.2), oom, SHARE_MB))
    lines.append(run_experiment(sandbox, "the next one trains", _make_training(300), ok, SHARE_MB))
    lines.append(run_experiment(sandbox, "takes all there is", _make_greedy(2_000, 0.0), oom, None))
    lines.append(run_experiment(sandbox, "the next one trains", _make_training(300), ok, None))
    return lines


def compute_overlap(first: Line, second: Line) -> float:
    """Return the seconds in which both ran."""
    return max(0.0, min(first.span[1], second.span[1]) - max(first.span[0], second.span[0]))


def main() -> int:
    try:
        cards = list_gpus()
        sandbox = choose()
    except MissingPart as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    lines = check(sandbox)
    shared = compute_overlap(lines[1], lines[2])
    sys.stdout.write(f"{', '.join(f'{card.name} ({card.total_mb:.0f} MB)' for card in cards)}; {sandbox.name}\n\n")
    sys.stdout.write(
        "| experiment | wanted | came out as | seconds | peak GPU MB | said |\n|---|---|---|---|---|---|\n"
    )
    for line in lines:
        outcome = line.outcome
        remark = outcome.cause or (outcome.log.strip().splitlines() or [""])[-1]
        cells = (
            line.name,
            line.wanted,
            outcome.kind,
            f"{outcome.seconds:.1f}",
            f"{outcome.peak_gpu_mb:.0f}",
            remark[:160],
        )
        sys.stdout.write(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |\n")
    sys.stdout.write(f"\nThe two that shared ran {shared:.1f} s side by side.\n")
    return 0 if all(line.good for line in lines) and shared > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
