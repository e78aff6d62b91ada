from __future__ import annotations

import math

import numpy as np

from benchmarks.plans.metrics import Labelled
from benchmarks.plans.rank import pick, table

ROWS = [{"id": f"{task}{n}", "task": task} for task, count in (("x", 9), ("y", 4)) for n in range(count)]


def test_a_limit_picks_the_same_plans_evenly_over_tasks_whatever_their_order() -> None:
    picked = pick(ROWS, 6)

    assert picked == pick(ROWS[::-1], 6)
    assert [row["task"] for row in picked] == ["x", "y"] * 3
    assert pick(ROWS, 4) == picked[:4]


def test_without_a_limit_or_beyond_the_end_every_plan_is_picked_once() -> None:
    for limit in (None, 99):
        assert sorted(row["id"] for row in pick(ROWS, limit)) == sorted(row["id"] for row in ROWS)


def test_the_table_tells_a_perfect_arm_from_a_reversed_one() -> None:
    effects = [3.0, 1.0, 0.0, -2.0, -5.0, -math.inf]
    plans = [Labelled(str(place), "t", "a" * place, effect, 0.1) for place, effect in enumerate(effects)]
    right = -np.arange(6.0)
    lines = list(table(plans, {"right": right, "wrong": -right}))
    found = {line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in lines if line.startswith("| ")}

    assert lines[0].startswith("6 plans, 15 pairs, 300 groups of 4; t: 6 (2 better, 2 worse, 1 fail, 1 no difference")
    assert [cell.split(" ")[0] for cell in found["right"][:3]] == ["1.000", "0.00", "0.00"]
    assert found["wrong"][0].startswith("0.000")
    assert float(found["wrong"][1].split(" ")[0]) > 1.0
    assert float(found["wrong"][2].split(" ")[0]) > 5.0
    assert lines[-1].endswith("t -1.00 (n = 6)")


def test_arms_are_compared_with_one_on_the_same_resamples() -> None:
    plans = [Labelled(str(place), "t", "a", effect, 0.1) for place, effect in enumerate([3.0, 1.0, 0.0, -2.0, -5.0])]
    right = -np.arange(5.0)
    lines = list(table(plans, {"right": right, "wrong": -right}, against="right"))
    begin = next(place for place, line in enumerate(lines) if "less that of 'right'" in line)
    assert lines[begin + 1 : begin + 3] == [
        "right: +0.000 (+0.000 to +0.000)",
        "wrong: -1.000 (-1.000 to -1.000)",
    ]
