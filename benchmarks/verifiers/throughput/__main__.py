"""`python -m benchmarks.verifiers.throughput [heads] [generative]`: what scoring eight plans of eight steps costs.

`heads`: one pass a plan against a call a step, as the papers' repositories score, and with `--its-hub FOLDER` against
its-hub (its_hub_way.py says how it is installed). `generative`: vLLM's prefix cache on and off (`make vllm`). Models of
the public architectures with random weights, so that only counts and ratios of times mean anything. Exits with 1 if
re-scored prefixes get other scores than one pass gives, or the aim in tokens is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.verifiers.throughput import generative, heads
from benchmarks.verifiers.throughput.its_hub_way import INSTALL, load_way
from benchmarks.verifiers.throughput.its_hub_way import NAME as ITS_HUB
from benchmarks.verifiers.throughput.plans import CANDIDATES, draw_problems
from benchmarks.verifiers.throughput.random_models import SIZE
from benchmarks.verifiers.throughput.ways import OURS, WAYS, Way

PARTS = ("heads", "generative")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verifiers.throughput", description=__doc__)
    parser.add_argument("parts", nargs="*", help="heads, generative; both by default")
    parser.add_argument("--problems", type=int, default=5, help="repeats; each has other plans")
    parser.add_argument("--threads", type=int, default=1, help="of torch: more only wait where others compute as well")
    parser.add_argument("--its-hub", type=Path, help="folder that its-hub 1.2 is installed in")
    args = parser.parse_args(argv)
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if args.problems < 1:
        parser.error(f"--problems {args.problems}: should be at least 1")
    try:
        others = {ITS_HUB: load_way(args.its_hub)} if args.its_hub else {}
    except ModuleNotFoundError as error:
        parser.error(f"--its-hub {args.its_hub}: {error}: install it there: {INSTALL.format(args.its_hub)}")
    torch.set_num_threads(args.threads)
    parts, faults = args.parts or PARTS, []
    print(f"Model: {', '.join(f'{name} {value}' for name, value in SIZE.items())}; fp32, threads {args.threads}\n")
    with tempfile.TemporaryDirectory() as folder:
        if "heads" in parts:
            faults = compare_heads(Path(folder), args.problems, {**WAYS, **others})
        if "generative" in parts:
            compare_caches(Path(folder), args.problems)
    print(*faults, sep="\n")
    return 1 if faults else 0


def compare_heads(folder: Path, problems: int, ways: Mapping[str, Way]) -> list[str]:
    """Print the table of one-pass heads, row by row; return what went against the aim."""
    drawn, faults = draw_problems(problems), []
    print(heads.HEAD)
    for kind, verifier in heads.open_heads(folder):
        measured = heads.measure_ways(verifier, ways, drawn)
        print(*heads.make_rows(kind, measured, CANDIDATES), sep="\n", flush=True)
        others = [name for name in ways if name != OURS]
        faults += [f"{kind}: {name}: other scores" for name in heads.find_disagreement(measured, others)]
        faults += [f"{kind}: {name}: below the aim" for name in others if not heads.meets_aim(measured, name)]
    return faults


def compare_caches(folder: Path, problems: int) -> None:
    """Print the table of generative forms, row by row. The first problem warms the servers up."""
    drawn = draw_problems(problems + 1)
    with generative.serve_both(folder) as urls:
        print(f"\n{generative.HEAD}")
        for row in generative.measure_forms(urls, drawn):
            print(row, flush=True)


if __name__ == "__main__":
    sys.exit(main())
