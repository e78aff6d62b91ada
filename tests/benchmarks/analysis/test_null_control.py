"""What is counted of null runs, and what is said of a plant."""

from __future__ import annotations

from benchmarks.analysis import null_control
from benchmarks.analysis.altered import Plant
from pelagos.nouns import VerdictKind

PROMISING, SUPPORTED, UNDECIDED = VerdictKind.PROMISING, VerdictKind.SUPPORTED, VerdictKind.UNDECIDED


def test_the_last_verdict_counts() -> None:
    judged = [
        null_control.Judged("a", ["A"], "up", [PROMISING, UNDECIDED], tested=True),
        null_control.Judged("b", ["B"], "up", [PROMISING, UNDECIDED]),
        null_control.Judged("c", ["C"], "up", [PROMISING, SUPPORTED], tested=True),
        null_control.Judged("d", ["D"], "up", []),
    ]
    assert null_control.count("run", judged) == "| run | 4 | 3 | 2 | 1 |"


def test_a_plant_is_found_by_its_set_a_symbol_or_a_feature_in_the_right_direction() -> None:
    plant = Plant("a set", {"APP": "P05067"})
    judged = [
        null_control.Judged("set", ["a set"], "up", [SUPPORTED]),
        null_control.Judged("feature", ["P05067"], "down", [SUPPORTED]),
        null_control.Judged("other", ["X"], "up", [SUPPORTED]),
        null_control.Judged("not held", ["APP"], "up", [PROMISING, UNDECIDED]),
    ]
    lines = list(null_control.describe_plant(plant, judged))
    assert lines[1] == "supported: 3; about the plant: 2; of these in the right direction: 1"
