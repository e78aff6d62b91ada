"""The implicit verifier on two saved models: rewards, scores, usage; equal models give nothing."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.loading import load_tokenizer
from agents.verifiers.implicit.scorer import ImplicitVerifier
from agents.verifiers.implicit.spans import encode_response
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput, BadScore
from tests.agents.verifiers import tiny

CHECKPOINT = Checkpoint("tiny/implicit", layouts()["implicit"], beta=0.05)
SOLUTIONS = [
    Solution("Add.", ("One is 2.", "So 4.", "Done.")),
    Solution("Q", ()),
    Solution("Why?", ("Because it is so.",)),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root, tokenizer = tmp_path_factory.mktemp("implicit"), tiny.small_qwen_tokenizer()
    policy, reference = (tiny.save_language_model(root / str(n), "qwen", tokenizer, n) for n in (1, 2))
    return policy, reference


def test_rewards_sum_to_that_of_the_response_by_plain_passes(folders: tuple[Path, Path]) -> None:
    results = ImplicitVerifier(CHECKPOINT, *folders).score(SOLUTIONS)
    assert [len(result.rewards) for result in results] == [3, 0, 1]
    assert results[1].scores == []
    tokenizer = load_tokenizer(folders[0], "x")
    for solution, result in zip(SOLUTIONS, results, strict=True):
        if not solution.steps:
            continue
        response = encode_response(tokenizer, CHECKPOINT, solution)
        terms = []
        for folder in folders:
            model = AutoModelForCausalLM.from_pretrained(folder)
            with torch.no_grad():
                logprobs = model(torch.tensor([response.ids])).logits[0].log_softmax(-1)
            places = range(response.first, len(response.ids))
            terms.append(math.fsum(float(logprobs[place - 1, response.ids[place]]) for place in places))
        assert math.fsum(result.rewards) == pytest.approx(0.05 * (terms[0] - terms[1]), abs=1e-4)
        assert result.scores == pytest.approx([1 / (1 + math.exp(-reward)) for reward in result.rewards])
        assert result.usage.read == 2 * len(response.ids)
        assert result.usage.flops == 4.0 * model.num_parameters() * len(response.ids)
    assert max(abs(reward) for reward in results[0].rewards) > 0.01


def test_equal_models_give_no_reward(folders: tuple[Path, Path]) -> None:
    results = ImplicitVerifier(CHECKPOINT, folders[0], folders[0]).score(SOLUTIONS)
    assert [result.rewards for result in results] == [(0.0, 0.0, 0.0), (), (0.0,)]
    assert results[0].scores == [0.5] * 3


def test_without_a_reference_a_reward_is_what_the_problem_tells_about_the_step(folders: tuple[Path, Path]) -> None:
    results = ImplicitVerifier(CHECKPOINT, folders[0], None).score(SOLUTIONS)
    tokenizer, model = load_tokenizer(folders[0], "x"), AutoModelForCausalLM.from_pretrained(folders[0])
    for solution, result in zip(SOLUTIONS, results, strict=True):
        if not solution.steps:
            continue
        terms = []
        for problem in (solution.problem, ""):
            response = encode_response(tokenizer, CHECKPOINT, solution._replace(problem=problem))
            with torch.no_grad():
                logprobs = model(torch.tensor([response.ids])).logits[0].log_softmax(-1)
            places = range(response.first, len(response.ids))
            terms.append(math.fsum(float(logprobs[place - 1, response.ids[place]]) for place in places))
        assert math.fsum(result.rewards) == pytest.approx(0.05 * (terms[0] - terms[1]), abs=1e-4)
    assert max(abs(reward) for reward in results[0].rewards) > 0


def test_a_prefix_s_rewards_stay_when_steps_follow(folders: tuple[Path, Path]) -> None:
    """But for the separator, whose tokens join the step before it when another follows."""
    verifier, whole = ImplicitVerifier(CHECKPOINT, *folders, batch=2), SOLUTIONS[0]
    long, short = verifier.score([whole, Solution(whole.problem, whole.steps[:2])])
    assert short.rewards[0] == pytest.approx(long.rewards[0], abs=1e-5)


def test_a_reference_with_another_tokenizer_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = tiny.save_language_model(tmp_path / "other", "llama", tiny.small_llama_tokenizer())
    with pytest.raises(BadInput, match=r"tiny/implicit: its tokenizer and that of .*other differ: take the model"):
        ImplicitVerifier(CHECKPOINT, folders[0], other).score(SOLUTIONS)


def test_a_step_behind_the_context_is_named(folders: tuple[Path, Path]) -> None:
    with pytest.raises(BadInput, match=r"solution 1, step 2 ends at token 15\d\d, and the model reads 512"):
        ImplicitVerifier(CHECKPOINT, *folders).score([Solution("P", ("short.", "word " * 300))])


@pytest.mark.parametrize("bias", [float("nan"), float("-inf")])
def test_a_reward_that_is_no_number_is_no_score(bias: float, folders: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(folders[0], tmp_path / "spoiled")
    weights = load_file(tmp_path / "spoiled" / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"] + bias
    save_file(weights, tmp_path / "spoiled" / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        BadScore,
        match=r"implicit: tiny/implicit, beta 0\.05, reference .*: step 1 of 3 has the reward (nan|-inf): no number",
    ):
        ImplicitVerifier(CHECKPOINT, tmp_path / "spoiled", folders[1]).score(SOLUTIONS[:1])


def test_nothing_is_loaded_before_a_solution_is_scored(tmp_path: Path) -> None:
    lazy = ImplicitVerifier(CHECKPOINT, tmp_path, tmp_path)
    assert [result.scores for result in lazy.score([Solution("P", ())])] == [[]]
