"""Sizes of the measurement: `full` is what docs/benchmarks.md shows, `small` runs through all stages in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Settings(NamedTuple):
    policy_updates: Mapping[str, int]  # by size: s stays weak, as small models are
    implicit_updates: int
    head_updates: int
    orm_updates: int
    orm_rates: tuple[float, ...]
    train_problems: int  # of which rollouts train the verifiers
    train_samples: int
    test_problems: int  # known traps, sampled from the policy
    test_samples: int
    split_problems: int  # each of the splits that the process writes
    split_samples: int
    localised: int  # solutions per problem in the localisation set
    generative_steps: int
    generative_updates: int
    generative_solutions: int  # judged per split
    search_problems: int
    search_n: tuple[int, ...]
    majority_n: tuple[int, ...]


FULL = Settings(
    policy_updates={"s": 700, "m": 2000, "l": 1200}, implicit_updates=1000, head_updates=4000, orm_updates=1500, orm_rates=(1e-3,), train_problems=2000, train_samples=8,
    test_problems=300, test_samples=32, split_problems=200, split_samples=16, localised=4, generative_steps=5000,
    generative_updates=1500, generative_solutions=200, search_problems=200, search_n=(4, 16), majority_n=(4, 8, 16, 32),
)  # fmt: skip
SMALL = Settings(
    policy_updates={"s": 20, "m": 700}, implicit_updates=2, head_updates=2, orm_updates=2, orm_rates=(1e-3, 3e-3),
    train_problems=40, train_samples=8, test_problems=12, test_samples=8, split_problems=6, split_samples=4, localised=2, generative_steps=40, generative_updates=2,
    generative_solutions=6, search_problems=6, search_n=(4,), majority_n=(4, 8),
)  # fmt: skip
