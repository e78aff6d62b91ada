"""A test that began in another run goes on in that run's family, and neither takes from nor gives to this run's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.judging.decide import e_bh
from agents.judging.families import Begun, better
from agents.judging.rules import Rules

RULES = Rules(0.1, 0.95, (3,), (1.0,), 10, "run night1")
E_VALUES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 200), max_size=8)


def test_it_has_to_be_rejected_among_all_that_were_tested_there() -> None:
    nine = {f"n{place}": 0.0 for place in range(9)}
    alone = Begun("night1", RULES, "v", {"v": 1.0})
    one_of_ten = Begun("night1", RULES, "v", {"v": 1.0, **nine})
    with_winners = Begun("night1", RULES, "v", {"v": 1.0, **nine, "n0": 100.0, "n1": 100.0})
    assert better({"new": 50.0}, {"new": alone}, 0.1) == {"new"}
    assert better({"new": 50.0}, {"new": one_of_ten}, 0.1) == set()
    assert better({"new": 50.0}, {"new": with_winners}, 0.1) == {"new"}


@given(own=E_VALUES, family=E_VALUES, taken=st.dictionaries(st.sampled_from("stuv"), st.floats(0, 200)))
def test_families_are_kept_apart(own: dict[str, float], family: dict[str, float], taken: dict[str, float]) -> None:
    whole = {f"first-{name}": e for name, e in family.items()} | {f"first-{name}": 0.0 for name in taken}
    begun = {name: Begun("night1", RULES, f"first-{name}", whole) for name in taken}
    found = better(own | taken, begun, 0.1)
    assert found & own.keys() == e_bh(own, 0.1)
    among = e_bh(whole | {f"first-{name}": e for name, e in taken.items()}, 0.1)
    assert found & taken.keys() == {name for name in taken if f"first-{name}" in among}
