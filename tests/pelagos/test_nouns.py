from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.nouns import FLAT_EFFECT_FIELDS, Claim, Effect, Lesson, Measured, Verdict, nest_effect

NUMBERS = {"low": 0.1, "high": 0.3, "p_value": 0.01, "seeds": 8, "baseline_score": 0.5, "score": 0.7}
OTHERS: list[tuple[type[Measured], dict[str, Any]]] = [
    (Verdict, {"id": "v", "hypothesis": "h1", "kind": "promising"}),
    (Claim, {"id": "c", "hypothesis": "h1", "version": "v", "level": 0.05, "left": 0.1, "held": True, "reason": "r"}),
    (Lesson, {"id": "l", "hypothesis": "h1", "title": "T", "target": "t", "verdict": "promising", "seconds": 1.0}),
]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
EFFECTS = st.builds(
    Effect, value=FINITE, low=st.none() | FINITE, high=st.none() | FINITE, p_value=st.none() | st.floats(0, 1),
    seeds=st.integers(0, 8), baseline_score=st.none() | FINITE, score=st.none() | FINITE,
)  # fmt: skip


@pytest.mark.parametrize(("kind", "others"), OTHERS)
def test_numbers_that_an_earlier_version_wrote_beside_the_effect_are_one_effect(
    kind: type[Measured], others: dict[str, Any]
) -> None:
    read = kind.model_validate({**others, "effect": 0.2, **NUMBERS})
    assert read.effect == Effect(value=0.2, **NUMBERS)
    assert read == kind.model_validate({**others, "effect": {"value": 0.2, **NUMBERS}})
    few = kind.model_validate({**others, "effect": -0.2, "low": -0.3, "high": None})
    assert few.effect == Effect(value=-0.2, low=-0.3)
    none = kind.model_validate({**others, "effect": None, "low": None, "p_value": 1.0, "seeds": 0})
    assert none == kind.model_validate(others)
    assert (none.effect, none.gain) == (None, 0.0)


@pytest.mark.parametrize(("kind", "others"), OTHERS)
def test_what_no_version_wrote_is_refused(kind: type[Measured], others: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="colour"):
        kind.model_validate({**others, "effect": 0.2, "colour": "red"})
    with pytest.raises(ValueError, match="low"):
        kind.model_validate({**others, "effect": {"value": 0.2}, "low": 0.1})


@given(EFFECTS)
def test_an_effect_outlives_the_ledger_in_both_forms(effect: Effect) -> None:
    verdict = Verdict(id="v", hypothesis="h1", kind="promising", effect=effect)
    payload = verdict.model_dump(mode="json")
    assert Verdict.model_validate(payload) == verdict
    assert nest_effect(payload) is payload
    flat = {name: field for name, field in payload.items() if name != "effect"}
    numbers = effect.model_dump(mode="json")
    flat |= {"effect": numbers["value"], **{name: numbers[name] for name in FLAT_EFFECT_FIELDS}}
    assert Verdict.model_validate(flat) == verdict


def test_an_end_that_is_not_bounded_is_infinite() -> None:
    assert Effect(value=0.1).bounds == (-math.inf, math.inf)
    assert Effect(value=0.1, low=0.0, high=0.2).bounds == (0.0, 0.2)
