"""`python -m benchmarks.lanes`: how much of what an endpoint's slots can do do the lanes reach?

A scripted endpoint answers each question after a while of its own. Ideal is the time of all its answers divided by the
slots; what the run itself computes, its start and its tail, where lanes have nothing more to begin, count against it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from agents.launch import drive
from agents.setup.create import create
from pelagos.settings import Settings
from tests.agents.scripted import Distant, ScriptedAssembly
from tests.toolchains.table import write_task

SLOTS = 8


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hypotheses", type=int, default=32)
    parser.add_argument("--lag", type=float, default=2.5, help="mean seconds of an answer")
    args = parser.parse_args(argv)
    model = Distant(args.lag)
    assembly = ScriptedAssembly(model)
    settings = Settings(
        loop={"hypotheses": args.hypotheses, "workers": 2},
        judge={"max_seeds": 3},
        screen={"tau": 0.999, "known_tau": 1.1},
        survey={"fill": False},
        models={"default": "replay:none", "retries": 0, "parallel": SLOTS},
        literature={"sources": ["corpus"]},
    )
    with tempfile.TemporaryDirectory() as folder:
        run = create(Path(folder), str(write_task(Path(folder) / "table")), settings, Path(folder) / "runs/r", assembly)
        began = time.monotonic()
        drive(run, assembly=assembly)
        seconds = time.monotonic() - began
    ideal = sum(map(model.draw_lag_s, model.requests)) / SLOTS
    print(
        f"{len(model.requests)} answers: ideal {ideal:.1f} s, the run took {seconds:.1f} s: {ideal / seconds:.2f} of ideal"
    )


if __name__ == "__main__":
    main()
