"""Tests the advice that a model is given about a failure."""

from __future__ import annotations

from tools.code.coding.causes import Cause


def test_a_package_that_is_not_there_is_not_asked_for_again() -> None:
    advice = Cause("error", "ModuleNotFoundError: No module named 'torchvision.transforms'").text
    assert advice.startswith("torchvision.transforms is not installed and can't be.")
    assert "with the packages the program imports" in advice
    assert advice.endswith("No module named 'torchvision.transforms'")


def test_a_good_program_has_nothing_to_be_told() -> None:
    assert Cause().text == Cause().line == ""
