from __future__ import annotations

from collections.abc import Sequence

import pytest

from tools.code.inside.rates_hook import HIGHEST, Rates


class Optimizer:
    pass


def note_rates(*sequences: Sequence[float]) -> Rates:
    """Note one sequence per optimizer, one after the other."""
    rates, optimizers = Rates(), [Optimizer() for _ in sequences]
    for optimizer, sequence in zip(optimizers, sequences, strict=True):
        for rate in sequence:
            rates.note(rate, optimizer)
    return rates


@pytest.mark.parametrize(
    ("sequence", "shape", "highest"),
    [
        ([1, 1, 1, 1], "constant", 0),
        ([4, 3, 2, 1], "decay", 0),
        ([1, 2, 3, 4, 4, 4, 4, 4], "rise", 3 / 8),
        ([1, 2, 3, 2, 1], "rise, then decay", 2 / 5),
        ([3, 2, 1, 2, 3.0000000001], "varied", 0),
    ],
)
def test_the_shape_and_where_the_highest_rate_is(sequence: list[float], shape: str, highest: float) -> None:
    rates = note_rates(sequence)
    assert (rates.shape(), rates.amounts()[HIGHEST]) == (shape, highest)


def test_the_next_networks_first_rate_is_no_rise() -> None:
    assert note_rates([3, 2, 1], [3, 2, 1]).shape() == "decay"
    assert note_rates([1, 1], [3, 3]).shape() == "constant"
