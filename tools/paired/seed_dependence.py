"""Tells whether a program's results depend on its seed: a program may ignore it, or use no random numbers."""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.nouns import Experiment

PREDICTIONS = "predictions"


def ignores_seed(experiments: Sequence[Experiment]) -> bool:
    """Whether two seeds or more gave the same score, and the same predictions if these were kept."""
    scored = [experiment for experiment in experiments if experiment.score is not None]
    predictions = {experiment.files.get(PREDICTIONS) for experiment in scored}
    return (
        len({experiment.seed for experiment in scored}) > 1
        and len({experiment.score for experiment in scored}) == 1
        and len(predictions) == 1
    )


def describe_missing_noise(experiments: Sequence[Experiment]) -> str:
    """Return in one line what equal results on all seeds mean for the noise estimate; "" if they differ."""
    if not ignores_seed(experiments):
        return ""
    count = len({experiment.seed for experiment in experiments})
    finding = f"the same on all {count} seeds: the program doesn't depend on its seed, so seeds show no noise"
    if any(experiment.replicates for experiment in experiments):
        return f"{finding}; differences are judged by the variation over the data's items alone"
    return f"{finding}, and without any no difference can be supported: let the program use the seed that it is given"
