from __future__ import annotations

import pytest

from tools.code.audit.moved import Loss, fragile

SCORES = (0.90, 0.91, 0.92)
STEADY = Loss(0.005, 0.005)


def never() -> Loss | None:
    raise AssertionError("an honest version needs no run of the baseline")


@pytest.mark.parametrize(
    ("candidate", "gain", "baseline", "suspect"),
    [
        (Loss(0.2, 0.01), 0.2, STEADY, True),  # a table of known inputs
        (Loss(0.12, 0.01), 0.2, STEADY, True),
        (Loss(0.01, 0.01), 0.2, None, False),
        (Loss(-0.01, 0.01), 0.2, None, False),
        (Loss(0.08, 0.03), 0.1, None, False),  # within the noise of items
        (Loss(0.03, 0.001), 0.05, None, False),  # within the noise of training
        (Loss(0.2, 0.01), 0.2, Loss(0.15, 0.01), False),  # inputs matter that much to the baseline as well
        (Loss(0.2, 0.01), -0.1, None, False),  # no gain to speak of
        (None, 0.2, None, False),
    ],
)
def test_who_loses_its_gain(candidate: Loss | None, gain: float, baseline: Loss | None, suspect: bool) -> None:
    said = fragile(candidate, (lambda: baseline) if baseline else never, SCORES, gain)
    assert bool(said) == suspect
    assert not suspect or "of its gain where inputs are moved" in said
