"""LISTOP: five digits that are reversed, sorted, rotated, incremented or doubled. `31724,r:` is solved by `42713;`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from benchmarks.chain.domains.domain import Next

STEP = re.compile(r"(\d{5});")
OPERATIONS: Mapping[str, Callable[[str], str]] = {
    "r": lambda digits: digits[::-1],
    "s": lambda digits: "".join(sorted(digits)),
    "l": lambda digits: digits[1:] + digits[0],
    "p": lambda digits: digits[-1] + digits[:-1],
    "i": lambda digits: "".join(str((int(digit) + 1) % 10) for digit in digits),
    "d": lambda digits: "".join(str(int(digit) * 2 % 10) for digit in digits),
}


class ListOp:
    name = "listop"
    step_tokens = 5
    lengths = (4, 5)
    longer = 8
    keys = tuple((name, str(digit)) for name in OPERATIONS for digit in range(10))
    trap_count = 12

    def make_problem(self, steps: int, random: Random) -> str:
        start = "".join(str(random.randrange(10)) for _ in range(5))
        return ",".join([start, *(random.choice("rslpid") for _ in range(steps))]) + ":"

    def count_steps(self, problem: str) -> int:
        return problem.count(",")

    def next_step(self, problem: str, steps: Sequence[str]) -> Next | None:
        start, *names = problem[:-1].split(",")
        state = self.claim(steps[-1]) if steps else start
        if state is None:
            return None
        name = names[len(steps)]
        right = OPERATIONS[name](state)
        twisted = {twist: f"{_twist(right, twist)};" for twist in (1, 2, 3)}
        return Next(f"{right};", (name, state[0]), right, twisted)

    def claim(self, step: str) -> str | None:
        found = STEP.fullmatch(step)
        return found[1] if found else None


def _twist(digits: str, at: int) -> str:
    """Swap two neighbours; equal ones are made different by adding 1 to the first."""
    first, second = digits[at], digits[at + 1]
    swapped = second + first if first != second else f"{(int(first) + 1) % 10}{second}"
    return digits[:at] + swapped + digits[at + 2 :]
