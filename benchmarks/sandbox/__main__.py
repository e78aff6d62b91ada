"""`python -m benchmarks.sandbox latency|overhead|endurance`: what the sandbox costs, and whether it leaves anything.

    latency   [--repeats 50] [--aide PYTHON] [--image NAME]   from the start to the first line, by backend
    overhead  [--repeats 7] [--seconds 10]                    processor seconds of a torch program, inside and outside
    endurance [--experiments 300] [--backend NAME]            many in a row, one in five hostile: nothing may grow

Every command interleaves what it compares, prints a Markdown table and says what it couldn't measure. `endurance`
exits with 1 if anything grew, survived, escaped, or was typed wrongly.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.sandbox import endurance, latency, overhead


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox")
    commands = parser.add_subparsers(required=True)
    for module in (latency, overhead, endurance):
        module.add_arguments(commands.add_parser(module.__name__.rpartition(".")[2]))
    chosen = parser.parse_args()
    return int(chosen.run(chosen))


if __name__ == "__main__":
    sys.exit(main())
