"""What a domain gives, the exact check of a solution, and the noisy process that policies learn from.

A domain is a walk: the next step follows from the problem and the steps that were claimed before. A trap is a key of a
step (its operation and one value) at which the process goes wrong more often than not, always in the same way.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from random import Random
from typing import NamedTuple, Protocol

from agents.verifiers.protocol import Solution

TRAPPED, RANDOM = 0.55, 0.03  # chance of an error at a trap and at any step


class Next(NamedTuple):
    """The right next step, the key at which a trap can lie, how the step is recomputed (`7*8=6`), and the step that a trap
    with number `twist` makes of it."""

    step: str
    key: Hashable
    recomputed: str
    twisted: Mapping[int, str]


class Domain(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def step_tokens(self) -> int:
        """Tokens of a step; all are of one length."""
        ...

    @property
    def lengths(self) -> Sequence[int]:
        """Numbers of steps that policies learn."""
        ...

    @property
    def longer(self) -> int:
        """The number of steps of longer chains."""
        ...

    @property
    def keys(self) -> Sequence[Hashable]: ...
    @property
    def trap_count(self) -> int: ...
    def make_problem(self, steps: int, random: Random) -> str: ...
    def count_steps(self, problem: str) -> int: ...
    def next_step(self, problem: str, steps: Sequence[str]) -> Next | None:
        """Return None where the last of `steps` can't be read: no step is right after it."""
        ...

    def claim(self, step: str) -> str | None:
        """What a step claims as its result; None where it can't be read."""
        ...


Traps = Mapping[Hashable, int]
"""Key -> twist, 1 to 3."""


def make_traps(domain: Domain, seed: int) -> tuple[Traps, Traps]:
    """Two sets of traps without a common key: known ones and unseen ones."""
    keys, random = list(domain.keys), Random(seed)
    random.shuffle(keys)
    chosen = [{key: random.randint(1, 3) for key in keys[at : at + domain.trap_count]} for at in (0, domain.trap_count)]
    return chosen[0], chosen[1]


def solve(domain: Domain, problem: str) -> Solution:
    return write_solution(domain, problem, {}, 0.0, Random(0))


def write_solution(domain: Domain, problem: str, traps: Traps, noise: float, random: Random) -> Solution:
    """A solution by the noisy process; it goes on from its errors."""
    steps: list[str] = []
    for _ in range(domain.count_steps(problem)):
        following = domain.next_step(problem, steps)
        if following is None:
            raise ValueError(f"{domain.name}: the process wrote a step that it can't read: {steps[-1]}")
        steps.append(_write_step(following, traps, noise, random))
    return Solution(problem, tuple(steps))


def _write_step(following: Next, traps: Traps, noise: float, random: Random) -> str:
    twist = traps.get(following.key)
    if twist is not None and random.random() < TRAPPED:
        return following.twisted[twist]
    if random.random() < noise:
        return following.twisted[random.choice(sorted(following.twisted))]
    return following.step


def check_steps(domain: Domain, solution: Solution) -> list[bool]:
    """For each step, whether it is the exact next one after what was claimed before; one too many is wrong."""
    right, asked = [], domain.count_steps(solution.problem)
    for place, step in enumerate(solution.steps):
        following = domain.next_step(solution.problem, solution.steps[:place]) if place < asked else None
        right.append(following is not None and following.step == step)
    return right


def answer(domain: Domain, solution: Solution) -> str | None:
    """The claim of the last step of a whole solution."""
    if len(solution.steps) != domain.count_steps(solution.problem):
        return None
    return domain.claim(solution.steps[-1])
