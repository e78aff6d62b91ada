"""Whether the baseline's seeds tell anything: a program may ignore its seed, or have no chance in it."""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.nouns import Experiment

PREDICTIONS = "predictions"


def seedless(experiments: Sequence[Experiment]) -> bool:
    """Whether two seeds or more gave one score, and the same predictions where these were kept."""
    scored = [one for one in experiments if one.score is not None]
    outputs = {one.files.get(PREDICTIONS) for one in scored}
    return len({one.seed for one in scored}) > 1 and len({one.score for one in scored}) == 1 and len(outputs) == 1


def warning(experiments: Sequence[Experiment]) -> str:
    """What it means for the noise estimate, in one line; '' where seeds differ."""
    if not seedless(experiments):
        return ""
    count = len({one.seed for one in experiments})
    found = f"the same on all {count} seeds: the program doesn't depend on its seed, so seeds show no noise"
    if any(one.replicates for one in experiments):
        return f"{found}; differences are judged by the variation over the data's items alone"
    return f"{found}, and without any no difference can be supported: let the program use the seed that it is given"
