"""Every way gives the same scores; only what it computes differs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.scorer import CheckpointVerifier
from agents.verifiers.protocol import Solution, StepScores
from benchmarks.verifiers.throughput import its_hub_way
from benchmarks.verifiers.throughput.heads import (
    Measured,
    find_disagreement,
    make_rows,
    measure_ways,
    meets_aim,
)
from benchmarks.verifiers.throughput.plans import draw_problems
from benchmarks.verifiers.throughput.random_models import LAYOUT, SAVE, make_tokenizer
from benchmarks.verifiers.throughput.ways import OURS, WAYS, score_by_step

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
BY_STEP, BY_DEPTH = list(WAYS)[1:]


@pytest.fixture(scope="module", params=list(SAVE))
def verifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CheckpointVerifier:
    torch.set_num_threads(1)
    folder = SAVE[request.param](tmp_path_factory.mktemp("head") / request.param, make_tokenizer(), **SMALL)
    return CheckpointVerifier(Checkpoint(f"random/{request.param}", layouts()[LAYOUT[request.param]]), folder)


def test_one_pass_gives_the_scores_of_the_prefixes_and_reads_a_fraction(verifier: CheckpointVerifier) -> None:
    plans = draw_problems(1, steps=4, candidates=3)[0]
    measured = measure_ways(verifier, WAYS, [plans])
    assert find_disagreement(measured, [BY_STEP, BY_DEPTH]) == []
    assert max(measured[BY_STEP].differences) < 1e-4
    assert len({round(score, 3) for row in score_by_step(verifier, plans) for score in row}) > 6
    results = verifier.score(plans)
    longest = max(result.usage.read for result in results)
    assert sum(result.usage.read for result in results) <= measured[OURS].tokens[0] <= 3 * longest
    prefixes = [plan._replace(steps=plan.steps[:depth]) for plan in plans for depth in range(1, 5)]
    assert measured[BY_STEP].tokens[0] == sum(result.usage.read for result in verifier.score(prefixes))
    assert measured[BY_DEPTH].tokens[0] >= measured[BY_STEP].tokens[0] > 3 * measured[OURS].tokens[0]


def test_scores_that_depend_on_what_follows_are_found_out() -> None:
    class Peeking:
        name = "peeking"

        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            return [StepScores([1 / (1 + len(each.steps))] * len(each.steps)) for each in solutions]

    measured = measure_ways(Peeking(), WAYS, draw_problems(1, steps=3, candidates=2))
    assert find_disagreement(measured, [BY_STEP, BY_DEPTH]) == [BY_STEP, BY_DEPTH]


def test_rows_compare_with_one_pass_problem_by_problem() -> None:
    ours = Measured([100, 200], [1.0, 2.0], [0.0, 0.0])
    theirs = Measured([400, 1400], [6.0, 12.0], [0.0, 2e-7])
    first, second = make_rows("classes", {OURS: ours, "other": theirs}, 8)
    assert first == f"| classes | {OURS} | 150 | 1 | 1 | 5.3 |  |"
    assert second == "| classes | other | 900 | 6.00 (4.00) | 6.0 (6.0 to 6.0) | 0.9 | 2e-07 |"
    assert meets_aim({OURS: ours, "other": theirs}, "other")
    assert not meets_aim({OURS: ours, "other": Measured([400, 1099], [], [])}, "other")


def test_its_hub_is_asked_by_its_own_interface(verifier: CheckpointVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(its_hub_way, "import_module", lambda name: _its_hub(name))
    plans = draw_problems(1, steps=3, candidates=2)[0]
    ways = {**WAYS, "its-hub": its_hub_way.load_way(Path("nowhere"))}
    measured = measure_ways(verifier, ways, [plans])
    assert find_disagreement(measured, ["its-hub"]) == []
    assert measured["its-hub"].tokens == measured[BY_DEPTH].tokens


def _its_hub(name: str) -> ModuleType:
    """The parts of its-hub 1.2 that are used, as its code reads."""

    class StepGeneration:
        def __init__(self, max_steps: int, step_token: str) -> None:
            self.max_steps, self.step_token = max_steps, step_token

    class ParticleGibbs:
        def __init__(self, sg: StepGeneration, prm: Any, num_ref_particles: int, resampling_method: str) -> None:
            self._steps, self._prm = sg, prm

        async def ainfer(self, lm: Any, prompt: str, budget: int) -> None:
            particles: list[list[str]] = [[] for _ in range(budget)]
            while len(particles[0]) <= self._steps.max_steps:
                written = await lm.agenerate([["the prompt"]] * budget, stop=self._steps.step_token)
                for particle, reply in zip(particles, written, strict=True):
                    particle.append(reply["content"])
                scores = await self._prm.ascore(prompt, [self._steps.step_token.join(each) for each in particles])
                assert len(scores) == budget

    module = ModuleType(name)
    parts = {"AbstractProcessRewardModel": object, "AbstractLanguageModel": object}
    for part, value in {**parts, "StepGeneration": StepGeneration, "ParticleGibbs": ParticleGibbs}.items():
        setattr(module, part, value)
    return module


def test_drawn_problems_are_the_same_each_time_and_differ_from_one_another() -> None:
    problems = draw_problems(30)
    assert problems == draw_problems(30)
    assert {len(plan.steps) for plans in problems for plan in plans} == {8}
    assert {len(plans) for plans in problems} == {8}
    assert all(len({plan.problem for plan in plans}) == 1 for plans in problems)
    assert len({plans[0].problem for plans in draw_problems(6)}) == 6
