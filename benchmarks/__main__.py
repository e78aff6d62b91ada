"""`python -m benchmarks` (`make bench`): the long measurements of docs/benchmarks.md, one after the other. Takes hours;
what was cut short goes on where it stopped, but for the simulation of judge, which begins anew."""

from __future__ import annotations

from benchmarks import bank, funnel, independence, long_run, targets
from benchmarks.debugging import run as debugging
from benchmarks.judging import simulate
from benchmarks.projects import ideas


def main() -> None:
    funnel.main([])
    for arm in ("raw", "local"):
        debugging.main(["--arm", arm])
    targets.main()
    ideas.main([])
    long_run.main([])
    independence.main([])
    bank.main([])
    simulate.main([])


if __name__ == "__main__":
    main()
