"""Plans to score: real problems of the shipped tasks, candidates drawn from the steps of real plans."""

from __future__ import annotations

import json
import random
from pathlib import Path

from agents.verifiers.protocol import Solution
from benchmarks.plans.rows import read_rows

PLANS = Path(__file__).parents[2] / "plans"
STEPS, CANDIDATES = 8, 8


def draw_problems(number: int, steps: int = STEPS, candidates: int = CANDIDATES) -> list[list[Solution]]:
    """Return `number` problems, each as its candidates. The same number gives the same ones."""
    tasks = json.loads((PLANS / "problems.json").read_text("utf-8"))
    problems = [text for task in tasks.values() for text in task["problems"].values()]
    pool = sorted({step for row in read_rows(PLANS / "plans.jsonl") for step in row.get("steps", ())})
    draw = random.Random(1)
    chosen = [problems[place % len(problems)] for place in draw.sample(range(max(number, len(problems))), number)]
    return [[Solution(text, tuple(draw.sample(pool, steps))) for _ in range(candidates)] for text in chosen]
