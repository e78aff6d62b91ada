from __future__ import annotations

import math

import pytest
import torch

from benchmarks.verifiers.throughput.measure import compare_ratios, count_embedded


def test_tokens_are_counted_at_the_embedding_padding_among_them() -> None:
    model = torch.nn.Sequential(torch.nn.Embedding(10, 4), torch.nn.Linear(4, 2))
    with count_embedded() as read:
        model(torch.zeros(2, 5, dtype=torch.long))
        model(torch.zeros(1, 3, dtype=torch.long))
    model(torch.zeros(1, 7, dtype=torch.long))
    assert read == [10, 3]


def test_the_hook_goes_when_the_work_fails() -> None:
    model = torch.nn.Embedding(10, 4)
    with pytest.raises(RuntimeError), count_embedded() as read:
        raise RuntimeError
    model(torch.zeros(1, dtype=torch.long))
    assert read == []


def test_a_ratio_is_the_geometric_mean_with_students_interval() -> None:
    ratio = compare_ratios([2.0, 8.0], [1.0, 1.0])
    assert ratio.value == pytest.approx(4.0)
    half = 12.7062 * math.log(2.0)  # t at 0.975 with one degree of freedom; the logarithms' SE is log 2
    assert (ratio.low, ratio.high) == pytest.approx((4 / math.exp(half), 4 * math.exp(half)), rel=1e-4)
    assert compare_ratios([6.0, 3.0], [2.0, 1.0]).told() == "3.0 (3.0 to 3.0)"


def test_one_repeat_tells_no_interval() -> None:
    assert compare_ratios([6.0], [2.0])[1:] == (0.0, math.inf)
