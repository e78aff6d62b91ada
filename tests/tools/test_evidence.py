"""Evidence as toolchains hand it over: when it can be judged, and what takes its weight."""

from __future__ import annotations

import pytest

from pelagos.nouns import Effect
from tools.evidence import Evidence

STRONG = Effect(value=0.4, low=0.3, high=0.5, p_value=0.0001, seeds=8)
GOOD = Evidence(STRONG, 8, "8 seeds", 0.95, tested=True)


def test_sound_evidence_has_no_fault() -> None:
    assert (GOOD.fault, GOOD.p_value) == ("", 0.0001)


def test_findings_take_all_weight_and_nothing_else() -> None:
    assert GOOD.discredit([]) is GOOD
    bad = GOOD.discredit(["reads labels", "and more"])
    assert (bad.p_value, bad.fault, bad.suspect) == (1.0, "suspect: reads labels", ("reads labels", "and more"))
    assert bad.effect is not None
    assert (bad.effect.value, bad.effect.low) == (0.4, 0.3)
    assert GOOD._replace(effect=None).discredit(["reads labels"]).effect is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"failed": (3, 5)}, "its program failed on seed 3, 5"),
        ({"effect": None}, "its scores or the baseline's are too large to be compared"),
        ({"effect": None, "seeds": 0}, ""),
        ({"effect": STRONG.model_copy(update={"high": None})}, "no variation over seeds or items to judge the difference by"),
        ({"effect": STRONG.model_copy(update={"high": None}), "tested": False}, ""),
    ],
)  # fmt: skip
def test_what_cant_be_judged_says_why(changes: dict, fault: str) -> None:
    assert GOOD._replace(**changes).fault == fault


def test_without_an_effect_or_its_p_there_is_no_surprise() -> None:
    assert GOOD._replace(effect=None).p_value == 1.0
    assert GOOD._replace(effect=Effect(value=0.4)).p_value == 1.0
