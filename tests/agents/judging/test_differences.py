from __future__ import annotations

import pytest

from agents.judging.differences import MAX_LINES, NO_DIFFERENCE, list_differences, shorten_lines
from pelagos.nouns import Signature


def signed(names: dict[str, list[str]] | None = None, **amounts: float) -> Signature:
    return Signature(id="v", amounts={name.replace("_", " "): n for name, n in amounts.items()}, names=names or {})


def test_what_follows_from_more_steps_is_not_told_again() -> None:
    base = signed(optimizer_steps=420, examples_in_training=12000, backward_passes=420, seconds=2.0)
    longer = signed(optimizer_steps=525, examples_in_training=15000, backward_passes=525, seconds=2.5)
    assert list_differences(base, longer) == ["optimizer steps 420 -> 525"]
    twice = signed(optimizer_steps=420, examples_in_training=24000, backward_passes=840, seconds=2.5)
    assert list_differences(base, twice) == ["backward passes 420 -> 840", "examples in training 12000 -> 24000"]


@pytest.mark.parametrize(("now", "told"), [(2.9, []), (3.1, ["seconds 2 -> 3.1"]), (1.2, ["seconds 2 -> 1.2"])])
def test_time_is_told_only_where_it_clearly_differs(now: float, told: list[str]) -> None:
    assert list_differences(signed(x=1, seconds=2.0), signed(x=1, seconds=now)) == (told or [NO_DIFFERENCE])


def test_an_argument_that_changed_is_one_line() -> None:
    base = signed({"layers": ["torch.nn.Dropout(p=0.2)"], "functions": ["a.f", "a.g"]})
    now = signed({"layers": ["torch.nn.Dropout(p=0.5)", "torch.nn.ELU"], "functions": ["a.g", "a.h"]})
    told = ["torch.nn.Dropout(p=0.2) -> torch.nn.Dropout(p=0.5)", "new: torch.nn.ELU", "new: a.h", "gone: a.f"]
    assert list_differences(base, now) == told
    assert shorten_lines(told, 40) == "torch.nn.Dropout(p=0.2) -> torch.nn. ..."


def test_what_was_not_observed_is_no_difference() -> None:
    """A program that died told nothing of itself, but its time is known."""
    base = signed({"layers": ["torch.nn.ReLU"]}, optimizer_steps=420, seconds=2.0)
    assert list_differences(base, signed(seconds=2.1)) == [NO_DIFFERENCE]
    assert list_differences(base, signed({"layers": []}, optimizer_steps=0)) == [
        "optimizer steps 420 -> 0",
        "gone: torch.nn.ReLU",
    ]


def test_the_lines_are_bounded() -> None:
    lines = list_differences(signed({"functions": ["a.f"]}), signed({"functions": [f"a.g{n}" for n in range(100)]}))
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == "and 85 differences more"


def test_the_number_of_learning_rates_is_told_where_both_have_several() -> None:
    told = "different learning rates 3 -> 9"
    assert list_differences(signed(different_learning_rates=3), signed(different_learning_rates=9)) == [told]
    for before, now in ((1, 9), (9, 1), (0, 9)):
        base, version = signed(different_learning_rates=before, x=1), signed(different_learning_rates=now, x=1)
        assert list_differences(base, version) == [NO_DIFFERENCE]
    assert list_differences(signed(different_learning_rates=1, x=1), signed(different_learning_rates=9, x=2)) == [
        "x 1 -> 2"
    ]


def test_parameters_by_kind_are_told_where_there_are_several_kinds() -> None:
    base = signed(parameters=30, parameters_in_Linear=30)
    assert list_differences(base, signed(parameters=40, parameters_in_Linear=40)) == ["parameters 30 -> 40"]
    assert list_differences(base, signed(parameters=40, parameters_in_Linear=30, parameters_in_Norm=10)) == [
        "parameters 30 -> 40", "parameters in Norm 0 -> 10",
    ]  # fmt: skip


@pytest.mark.parametrize(("now", "told"), [(129.0, False), (130.0, True), (77.0, False), (76.0, True)])
def test_memory_is_told_from_three_tenths_on(now: float, told: bool) -> None:
    lines = list_differences(signed(x=1, memory_in_MB=100.0), signed(x=1, memory_in_MB=now))
    assert lines == ([f"memory in MB 100 -> {now:.0f}"] if told else [NO_DIFFERENCE])


def test_what_took_longer_by_its_steps_alone_is_not_told_of_time() -> None:
    base = signed(optimizer_steps=100, seconds=10.0)
    assert list_differences(base, signed(optimizer_steps=200, seconds=20.0)) == ["optimizer steps 100 -> 200"]
    assert list_differences(base, signed(optimizer_steps=200, seconds=10.0)) == ["optimizer steps 100 -> 200"]
    assert list_differences(base, signed(optimizer_steps=50, seconds=20.0)) == [
        "optimizer steps 100 -> 50",
        "seconds 10 -> 20",
    ]
    assert list_differences(base, signed(optimizer_steps=100, seconds=0.0)) == [NO_DIFFERENCE]


def test_steps_come_first_what_varies_by_chance_last() -> None:
    base = signed(a=1, optimizer_steps=10, z=1, seconds=1.0)
    version = signed(a=2, optimizer_steps=30, z=2.5, seconds=9.0)
    assert list_differences(base, version) == ["optimizer steps 10 -> 30", "a 1 -> 2", "z 1 -> 2.5", "seconds 1 -> 9"]


@pytest.mark.parametrize(("examples", "told"), [(2019, False), (2021, True), (1981, False), (1979, True)])
def test_a_hundredth_follows(examples: int, told: bool) -> None:
    lines = list_differences(
        signed(optimizer_steps=10, examples_in_training=1000), signed(optimizer_steps=20, examples_in_training=examples)
    )
    assert (len(lines) == 2) is told


def test_learning_rates_are_one_line() -> None:
    base, now = signed({"learning rates": ["0.1", "0.01"], "a": ["x"]}), signed({"learning rates": ["0.1", "0.3"]})
    assert list_differences(base, now) == ["gone: x", "learning rates: 0.01 -> 0.3"]
    more = signed({"learning rates": ["0.1", "0.01", "0.3"], "a": ["x"]})
    assert list_differences(base, more) == ["new: 0.3"]
    assert list_differences(base, signed()) == list_differences(signed(), base) == [NO_DIFFERENCE]


def test_of_two_arguments_that_changed_each_has_its_own_line() -> None:
    base = signed({"layers": ["Dropout(p=0.1)", "Dropout(p=0.2)"], "functions": ["f"]})
    now = signed({"layers": ["Dropout(p=0.3)", "Dropout(p=0.4)", "Dropout(p=0.5)"], "functions": ["g(x=1)"]})
    assert list_differences(base, now) == [
        "Dropout(p=0.1) -> Dropout(p=0.3)", "Dropout(p=0.2) -> Dropout(p=0.4)", "new: Dropout(p=0.5)", "new: g(x=1)",
        "gone: f",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "told"), [(1e14, "100000000000000"), (1e15, "1e+15"), (-3.0, "-3"), (2.5, "2.5"), (1 / 3, "0.3333")]
)
def test_numbers_as_they_are_read(value: float, told: str) -> None:
    assert list_differences(signed(x=0), signed(x=value)) == [f"x 0 -> {told}"]


def test_a_short_line_is_cut_at_its_length() -> None:
    assert shorten_lines(["a" * 100, "b" * 98]) == "a" * 100 + "; " + "b" * 98
    cut = shorten_lines(["a" * 100, "b" * 99])
    assert (len(cut), cut[-5:]) == (200, "b ...")
    assert shorten_lines(["abc   def"], 8) == "abc ..."


def test_as_many_lines_as_fit_are_all_told() -> None:
    lines = list_differences(
        signed({"functions": ["f"]}), signed({"functions": ["f", *(f"g{n}" for n in range(MAX_LINES))]})
    )
    assert len(lines) == MAX_LINES
    assert lines[-1].startswith("new: ")


@pytest.mark.parametrize(("before", "now"), [(1, 2), (2, 1), (0.5, 3)])
def test_what_follows_from_very_few_steps_follows_too(before: float, now: float) -> None:
    base = signed(optimizer_steps=before, examples_in_training=10 * before, backward_passes=before)
    mine = signed(optimizer_steps=now, examples_in_training=10 * now, backward_passes=now)
    assert list_differences(base, mine) == [f"optimizer steps {before:g} -> {now:g}"]


def test_one_of_several_exact_examples_that_rise_from_nothing_is_told() -> None:
    base = signed(optimizer_steps=10, examples_in_training=0)
    assert list_differences(base, signed(optimizer_steps=20, examples_in_training=30)) == [
        "optimizer steps 10 -> 20", "examples in training 0 -> 30",
    ]  # fmt: skip
