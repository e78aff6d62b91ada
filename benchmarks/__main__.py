"""`python -m benchmarks` (`make bench`): everything that docs/benchmarks.md shows, one after the other. Takes hours; what was
cut short goes on where it stopped, but for the simulation of judge, which is quick to begin anew."""

from __future__ import annotations

from benchmarks import funnel
from benchmarks.debugging import run as debugging
from benchmarks.judging import simulate


def main() -> None:
    funnel.main([])
    for arm in ("raw", "local"):
        debugging.main(["--arm", arm])
    simulate.main([])


if __name__ == "__main__":
    main()
