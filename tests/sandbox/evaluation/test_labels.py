from __future__ import annotations

import numpy as np
import pytest

from sandbox.evaluation.labels import find_misfit


@pytest.mark.parametrize(
    ("y", "metrics", "said"),
    [
        ([0, 1, 2, 1], ["log_loss", "accuracy"], ""),
        ([-1, 1, 1, -1], ["accuracy"], ""),
        ([1, 2, 3, 1], ["macro_f1"], ""),
        ([0.5, 1.5, 2.0, 3.0], ["rmse"], ""),
        ([3, 3, 3], ["mae"], ""),
        ([0.5, 1.5, 2.0], ["own"], ""),
        ([-1, 1, 1, -1], ["log_loss"], "labels -1, 1; log_loss takes column c for class c"),
        ([1, 2, 3, 1], ["accuracy", "auroc"], "number them 0, 1, 2 ..."),
        ([0, 2, 5, 2], ["log_loss"], "np.unique(y, return_inverse=True)"),
        ([0.0, 1.0, 1.0], ["accuracy"], "y.astype(int)"),
        ([0.0, 1.25, 1.0], ["accuracy"], "values such as 1.25, accuracy compares classes; use mae or rmse"),
        ([4, 4, 4], ["accuracy"], "all 3 items have the label 4"),
        (list(range(100)), ["macro_f1"], "100 different values in 100 items"),
    ],
)
def test_what_does_not_fit_is_said_with_its_mending(y: list[float], metrics: list[str], said: str) -> None:
    misfit = find_misfit(np.array(y), metrics)
    assert bool(misfit) == bool(said)
    assert said in misfit
