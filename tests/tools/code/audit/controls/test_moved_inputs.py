from __future__ import annotations

import pytest

from tools.code.audit.controls.moved_inputs import ScoreLoss, describe_lost_gain

SCORES = (0.90, 0.91, 0.92)
STEADY = ScoreLoss(0.005, 0.005)


def never_called() -> ScoreLoss | None:
    raise AssertionError("an honest version needs no run of the baseline")


@pytest.mark.parametrize(
    ("candidate", "gain", "baseline", "suspect"),
    [
        (ScoreLoss(0.2, 0.01), 0.2, STEADY, True),  # a table of known inputs
        (ScoreLoss(0.12, 0.01), 0.2, STEADY, True),
        (ScoreLoss(0.01, 0.01), 0.2, None, False),
        (ScoreLoss(-0.01, 0.01), 0.2, None, False),
        (ScoreLoss(0.08, 0.03), 0.1, None, False),  # within the noise of items
        (ScoreLoss(0.03, 0.001), 0.05, None, False),  # within the noise of training
        (ScoreLoss(0.2, 0.01), 0.2, ScoreLoss(0.15, 0.01), False),  # inputs matter that much to the baseline as well
        (ScoreLoss(0.2, 0.01), -0.1, None, False),  # no gain to speak of
        (None, 0.2, None, False),
    ],
)
def test_who_loses_its_gain(
    candidate: ScoreLoss | None, gain: float, baseline: ScoreLoss | None, suspect: bool
) -> None:
    evidence = describe_lost_gain(candidate, (lambda: baseline) if baseline else never_called, SCORES, gain)
    assert bool(evidence) == suspect
    assert not suspect or "of its gain where inputs are moved" in evidence
