"""The way of `its-hub` (Apache-2.0): its particle filter re-scores every particle's prefix at each depth.

INSTALL puts it into a folder of its own, beside Pelagos. Its own reader of process reward models isn't used:
`its-hub[experimental]` takes reward-hub with vllm, litellm and transformers < 4.58, and that reads one checkpoint of 7B
by its name only. Behind its two-method interface stands our verifier, and its language model writes the candidates' steps
from memory, so that all ways score with the same model in one process. The filter is told that all scores are equal and
resamples systematically, so that every candidate stays.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from agents.verifiers.protocol import Solution, Verifier
from benchmarks.verifiers.throughput.ways import Way

INSTALL = "pip install --no-deps --target {} its-hub==1.2.0"
NAME = "its-hub 1.2, particle filter"
STEP_END = "\n\n"
EQUAL = 0.5


def load_way(folder: Path) -> Way:
    """Return the way that the its-hub in `folder` scores. Raises ModuleNotFoundError where there is none."""
    sys.path.append(str(folder))
    api = import_module("its_hub.api")
    generation = import_module("its_hub.core.lms.step_generation")
    filtering = import_module("its_hub.core.algorithms.particle_gibbs")

    def score(verifier: Verifier, plans: Sequence[Solution]) -> list[list[float]]:
        reward = _reward_model(api)(verifier, plans[0].problem)
        steps = generation.StepGeneration(max_steps=len(plans[0].steps) - 1, step_token=STEP_END)
        search = filtering.ParticleGibbs(steps, reward, num_ref_particles=0, resampling_method="systematic")
        asyncio.run(search.ainfer(_writer(api)(plans), plans[0].problem, budget=len(plans)))
        return [list(row) for row in zip(*reward.columns, strict=True)]

    return score


def _reward_model(api: Any) -> Any:
    class RewardModel(api.AbstractProcessRewardModel):  # type: ignore[misc]
        """Scores each response as its own reader does: all of it, of which the last step's score is kept."""

        def __init__(self, verifier: Verifier, problem: str) -> None:
            self._verifier, self._problem = verifier, problem
            self.columns: list[list[float]] = []

        def score(self, prompt: Any, steps: list[str]) -> list[float]:
            solutions = [Solution(self._problem, tuple(response.split(STEP_END))) for response in steps]
            self.columns.append([result.scores[-1] for result in self._verifier.score(solutions)])
            return [EQUAL] * len(steps)

        async def ascore(self, prompt: Any, steps: list[str]) -> list[float]:
            return self.score(prompt, steps)

    return RewardModel


def _writer(api: Any) -> Any:
    class Writer(api.AbstractLanguageModel):  # type: ignore[misc]
        """Writes at each depth the steps that the candidates have there, whatever was written before."""

        def __init__(self, plans: Sequence[Solution]) -> None:
            self._plans, self._depth = plans, 0

        async def agenerate(self, messages: Any, stop: str | None = None, **options: Any) -> list[dict[str, str]]:
            place, self._depth = self._depth, self._depth + 1
            return [{"role": "assistant", "content": plan.steps[place]} for plan in self._plans]

    return Writer
