"""The number of inputs that a fuzzer tries: some hundred in the default suite, 10,000 with `make fuzz`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MANY = pytest.param(10_000, id="all", marks=[pytest.mark.slow, pytest.mark.timeout(1_200)])


@pytest.fixture(params=[pytest.param(300, id="few"), MANY])
def inputs(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def tried(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], number: int) -> None:
    @settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(strategy)
    def every(value: Any) -> None:
        check(value)

    every()


def mutants(good: Sequence[bytes], tokens: Sequence[bytes], number: int) -> list[bytes]:
    """Sound inputs with some bytes changed, cut, repeated or replaced by telling tokens; the same ones every time."""
    chance = random.Random(20261129)
    return [_mutant(bytearray(chance.choice(good)), tokens, chance) for _ in range(number)]


def _mutant(raw: bytearray, tokens: Sequence[bytes], chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 6)):
        at, wide = chance.randrange(len(raw) + 1), chance.choice((0, 1, 1, 2, 5, 40))
        new = chance.choice((b"", bytes([chance.randrange(256)]), chance.choice(tokens), raw[at : at + wide] * 3))
        raw[at : at + wide] = new
    return bytes(raw)
