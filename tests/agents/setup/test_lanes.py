"""A cap on tokens cuts short what lanes have in work: few tokens, few lanes."""

from __future__ import annotations

import pytest

from agents.setup.lanes import count_lanes
from pelagos.settings import Settings


@pytest.mark.parametrize(
    ("tokens", "lanes"), [(None, 8), (1_000, 1), (79_999, 1), (80_000, 2), (320_000, 8), (10_000_000, 8)]
)
def test_there_are_as_many_lanes_as_slots_or_as_the_tokens_pay_for(tokens: int | None, lanes: int) -> None:
    assert count_lanes(Settings(caps={"tokens": tokens}), slots=8) == lanes


def test_the_embedded_model_has_one_lane_however_many_tokens_there_are() -> None:
    assert count_lanes(Settings(caps={"tokens": 10_000_000}), slots=1) == 1


def test_a_number_of_lanes_that_was_asked_for_is_what_a_run_has() -> None:
    assert count_lanes(Settings(loop={"lanes": 5}, caps={"tokens": 1_000}), slots=8) == 5
