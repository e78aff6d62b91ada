"""A ranking that is read in part is the beginning of the whole one."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.bank import ranking
from memory.bank.ranking import list_largest


@given(st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(float("nan"))), max_size=30), st.integers(1, 8))
def test_it_is_the_stable_order_of_all(drawn: list[float], page: int) -> None:
    values = np.array(drawn, dtype=np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "PAGE", page)
        assert list(list_largest(values)) == np.argsort(-values, kind="stable").tolist()


def test_what_is_not_asked_for_is_not_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=1000)
    sort, sizes = np.argsort, list[int]()
    monkeypatch.setattr(np, "argsort", lambda keys, **how: (sizes.append(len(keys)), sort(keys, **how))[1])
    first = list(islice(list_largest(values), ranking.PAGE))
    assert first == sort(-values, kind="stable")[: ranking.PAGE].tolist()
    assert sizes == [ranking.PAGE]
