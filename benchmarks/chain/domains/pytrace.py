"""PYTRACE: the values of a straight-line program. `p,a=3*2,b=a-4:` is solved by `3*2=6;` `6-4=2;`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from benchmarks.chain.domains.chain import calculate
from benchmarks.chain.domains.domain import Next

STEP = re.compile(r"\d[+*-]\d=(\d);")
NAMES = "abcdef"


class PyTrace:
    name = "pytrace"
    step_tokens = 5
    lengths = (4, 5)
    longer = len(NAMES)
    keys = tuple((sign, digit) for sign in "+-*" for digit in range(10))
    trap_count = 6

    def make_problem(self, steps: int, random: Random) -> str:
        lines = ["p"]
        for place in range(steps):
            left = random.choice(NAMES[:place]) if place else str(random.randrange(10))
            right = random.choice([*NAMES[:place], *map(str, random.sample(range(10), 3))])
            lines.append(f"{NAMES[place]}={left}{random.choice('+-*')}{right}")
        return ",".join(lines) + ":"

    def count_steps(self, problem: str) -> int:
        return problem.count(",")

    def next_step(self, problem: str, steps: Sequence[str]) -> Next | None:
        values = _read_values(steps)
        if values is None:
            return None
        left, sign, right = tuple(problem[:-1].split(",")[1 + len(steps)])[2:]
        if any(operand.isalpha() and operand not in values for operand in (left, right)):
            return None
        a, b = (int(values.get(operand, operand)) for operand in (left, right))
        result = calculate(a, sign, b)
        twisted = {twist: f"{a}{sign}{b}={(result + twist) % 10};" for twist in (1, 2, 3)}
        right = f"{a}{sign}{b}={result}"
        return Next(f"{right};", (sign, b), right, twisted)

    def claim(self, step: str) -> str | None:
        found = STEP.fullmatch(step)
        return found[1] if found else None


def _read_values(steps: Sequence[str]) -> dict[str, str] | None:
    """Variable -> claimed value; None where a step can't be read."""
    found = [STEP.fullmatch(step) for step in steps]
    if not all(found):
        return None
    return {name: match[1] for name, match in zip(NAMES, found, strict=False) if match}
