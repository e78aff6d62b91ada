"""CHAIN: a digit and operations on it modulo 10. `7,+3,*2:` is solved by `0;` `0;`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from benchmarks.chain.domains.domain import Next

STEP = re.compile(r"(\d);")


def calculate(left: int, sign: str, right: int) -> int:
    """Return a digit: the result modulo 10."""
    return {"+": left + right, "-": left - right, "*": left * right}[sign] % 10


class Chain:
    name = "chain"
    step_tokens = 1
    lengths = (5, 6)
    longer = 8
    keys = tuple((sign, digit) for sign in "+-*" for digit in range(10))
    trap_count = 6

    def make_problem(self, steps: int, random: Random) -> str:
        operations = [f"{random.choice('+-*')}{random.randrange(10)}" for _ in range(steps)]
        return ",".join([str(random.randrange(10)), *operations]) + ":"

    def count_steps(self, problem: str) -> int:
        return problem.count(",")

    def next_step(self, problem: str, steps: Sequence[str]) -> Next | None:
        start, *operations = problem[:-1].split(",")
        state = self.claim(steps[-1]) if steps else start
        if state is None:
            return None
        operation = operations[len(steps)]
        sign, digit = operation[0], operation[1]
        right = calculate(int(state), sign, int(digit))
        twisted = {twist: f"{(right + twist) % 10};" for twist in (1, 2, 3)}
        return Next(f"{right};", (sign, int(digit)), f"{state}{sign}{digit}={right}", twisted)

    def claim(self, step: str) -> str | None:
        found = STEP.fullmatch(step)
        return found[1] if found else None
