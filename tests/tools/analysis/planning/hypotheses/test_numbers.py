import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.analysis.planning.hypotheses.numbers import collect_numbers, find_untraced


@given(st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from([".2f", ".2g", ".3g", ".1f", ".4g"]))
def test_a_rounded_number_of_an_artifact_is_traced(value: float, form: str) -> None:
    assert find_untraced(f"r = {value:{form}}, as measured", [value]) == []


@given(st.floats(0.01, 1e5), st.floats(1.02, 10))
def test_another_number_is_not(value: float, factor: float) -> None:
    assert find_untraced(f"r = {value * factor:.6g}", [value])


@pytest.mark.parametrize(
    ("text", "untraced"),
    [
        ("CD33 and P12345 are up", []),
        ("r = 0.41 (95 % interval 0.20 to 0.58)", ["0.20"]),
        ("r = -0.41", ["-0.41"]),
        ("r falls by 0.41", []),
        ("41 % of it", []),
        ("p = 3e-05", ["3e-05"]),
        ("n = 84.", []),
        ("stage 3 against stage 1", []),
    ],
)
def test_cases(text: str, untraced: list[str]) -> None:
    assert find_untraced(text, [0.41, 0.58, 84.0], ["stage 3", "stage 1"]) == untraced


def test_numbers_are_collected_from_json() -> None:
    assert list(collect_numbers({"a": [1, 2.5, {"b": -3}], "c": "4", "d": True, "e": None})) == [1.0, 2.5, -3.0]


@pytest.mark.parametrize("level", ["1", "7", "15", "1.4"])
def test_a_level_that_is_a_number_takes_nothing_from_other_numbers(level: str) -> None:
    text = f"higher in arm = {level} than in arm = 0: p = 1.4e-15, q = 7.3e-13"
    assert find_untraced(text, [1.4e-15, 7.3e-13], [level, "0"]) == []
    assert find_untraced(f"{level} of them", [], [level]) == [level]


def test_the_longest_name_goes_first() -> None:
    assert find_untraced("IGHV3 of stage 3b is up", [], ["stage 3", "stage 3b"]) == []
    assert find_untraced("IGHV3-30 is up by 30", [], ["IGHV3", "IGHV3-30"]) == ["30"]
