from __future__ import annotations

import numpy as np

from benchmarks.plans.arms import (
    score_at_random,
    score_by_brevity,
    score_by_length,
    score_by_ridge,
    score_equally,
)
from benchmarks.plans.metrics import Labelled
from memory.embedders.embedder import hashing


def labelled(task: str, texts: dict[str, float]) -> list[Labelled]:
    return [Labelled(f"{task} {text}", task, text, effect, 0.1) for text, effect in texts.items()]


GOOD, BAD = ("average the weights", "ensemble of many networks"), ("shuffle the targets", "one epoch alone")
KNOWN = [
    plan
    for task in ("a", "b")
    for plan in labelled(task, {text: float(text in GOOD) * (10 if task == "a" else 0.1) for text in (*GOOD, *BAD)})
]


def test_length_brevity_and_chance() -> None:
    plans = labelled("a", {"long text": 0.0, "short": 0.0})

    assert score_by_length(plans, []).tolist() == [9.0, 5.0]
    assert score_by_brevity(plans, []).tolist() == [-9.0, -5.0]
    assert score_equally(plans, []).tolist() == [0.0, 0.0]
    assert score_at_random(plans, []).tolist() == score_at_random(plans, []).tolist()
    assert len(set(score_at_random(plans, []))) == 2


def test_ridge_learns_from_the_other_tasks_what_is_good_whatever_the_size_of_their_effects() -> None:
    scores = score_by_ridge(KNOWN, KNOWN, hashing)

    for start in (0, 4):
        good, bad = scores[start : start + 2], scores[start + 2 : start + 4]
        assert good.min() > bad.max()


def test_ridge_never_sees_labels_of_the_task_it_ranks() -> None:
    turned = [plan if plan.task == "b" else Labelled(plan.id, "a", plan.text, -plan.effect, 0.1) for plan in KNOWN]
    asked = [plan for plan in KNOWN if plan.task == "a"]

    assert np.array_equal(score_by_ridge(asked, KNOWN, hashing), score_by_ridge(asked, turned, hashing))


def test_ridge_without_another_task_has_no_opinion() -> None:
    asked = [plan for plan in KNOWN if plan.task == "a"]

    assert score_by_ridge(asked, asked, hashing).tolist() == [0.0] * 4
