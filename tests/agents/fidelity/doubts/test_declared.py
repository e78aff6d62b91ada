from __future__ import annotations

import pytest

from agents.fidelity.techniques import find_named

COSINE = "Cosine schedule. Lower the rate along a cosine to zero over the whole of training."
WARM = "Linear warm-up. Let the rate rise from near zero over the first 5 per cent of the steps."


def rates(shape: str, first: str = "", last: str = "", share: str = "") -> list[str]:
    lines = [f"learning rates: {shape}"]
    lines += [f"learning rate at first 0.1 -> {first}"] if first else []
    lines += [f"learning rate at last 0.1 -> {last}"] if last else []
    return lines + ([f"share of steps before the highest learning rate 0 -> {share}"] if share else [])


@pytest.mark.parametrize(
    ("claim", "lines", "doubtful"),
    [
        (COSINE, rates("constant -> decay", last="1e-05"), False),
        (COSINE, rates("constant -> steps down", last="0.001"), False),
        (COSINE, rates("constant -> varied", last="0.0997"), True),
        (COSINE + " With warm restarts.", rates("constant -> varied", last="0.0997"), False),
        (COSINE + " After a warm-up.", rates("constant -> rise, then decay", first="0.001", last="1e-05"), False),
        (COSINE, rates("constant -> rise, then decay", first="0.001", last="1e-05"), True),
        (COSINE, rates("constant -> decay", last="0.05"), True),  # a period of twice the training
        (COSINE, rates("constant -> decay", first="0.5", last="1e-05"), True),
        (COSINE, rates("decay -> steps down", first="0.5", last="0.05"), False),  # it was no constant before
        (WARM, rates("constant -> rise", first="0.001", share="0.049"), False),
        (WARM, rates("constant -> rise", first="0.0333"), True),
        (WARM, rates("constant -> rise, then decay", first="0.001", last="0.0001"), True),
        (WARM + " Then let it decay.", rates("constant -> rise, then decay", first="0.001", last="0.0001"), False),
        (WARM, rates("constant -> varied", first="0.001"), True),
    ],
)
def test_rates_are_what_a_schedule_must_measure(claim: str, lines: list[str], doubtful: bool) -> None:
    (first,) = [rule for rule in find_named(claim.partition(".")[0])]
    reasons = [rule.why for rule in first.doubts if rule.holds(claim, "", lines)]
    reasons += [rule.why for rule in first.rates if rule.holds(claim, lines)]
    if claim == WARM and lines[1].endswith("0.0333"):
        assert "it does not begin near zero" in reasons
    assert bool(reasons) == doubtful, reasons


@pytest.mark.parametrize("lines", [None, []])
def test_nothing_is_doubted_by_a_measurement_that_is_not_there(lines: list[str] | None) -> None:
    (stop,) = find_named("Early stopping")
    assert not any(doubt.shows and doubt.holds("Early stopping", "load_state_dict(", lines) for doubt in stop.doubts)
