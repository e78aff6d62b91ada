"""The identities of implicit rewards, exact: all sequences over three tokens by two tiny language models."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

from agents.verifiers.implicit.rewards import sigmoid, step_rewards, token_logprobs
from agents.verifiers.implicit.spans import Response
from tests.agents.verifiers import tiny

VOCABULARY, LENGTH, PROMPT = 3, 4, [2, 0]
SEQUENCES = list(itertools.product(range(VOCABULARY), repeat=LENGTH))
STEPS = [0, 0, 1, 2]


def make_model(family: str, seed: int) -> Any:
    config, model = {
        "llama": (LlamaConfig, LlamaForCausalLM),
        "mistral": (MistralConfig, MistralForCausalLM),
        "qwen": (Qwen2Config, Qwen2ForCausalLM),
    }[family]
    torch.manual_seed(seed)
    return model(config(**tiny.sizes(VOCABULARY), bos_token_id=0, eos_token_id=1)).eval()


@pytest.fixture(scope="module", params=["llama", "mistral", "qwen"])
def logprobs(request: pytest.FixtureRequest) -> tuple[list[list[float]], list[list[float]]]:
    """Log-probabilities of each sequence's tokens by the policy and by the reference."""
    responses = [Response([*PROMPT, *sequence], len(PROMPT), STEPS) for sequence in SEQUENCES]
    return tuple(token_logprobs(make_model(request.param, seed), responses) for seed in (1, 2))  # type: ignore[misc]


def test_each_model_s_probabilities_sum_to_one(logprobs: tuple[list[list[float]], list[list[float]]]) -> None:
    for each in logprobs:
        assert math.fsum(math.exp(math.fsum(tokens)) for tokens in each) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("beta", [0.05, 0.5, 5.0])
def test_running_sums_are_q_values(logprobs: tuple[list[list[float]], list[list[float]]], beta: float) -> None:
    """q_t = beta * log E exp(r / beta) over the reference's continuations, between their mean and their best."""
    policy, reference = logprobs
    rewards = [step_rewards(range(LENGTH), own, other, beta) for own, other in zip(policy, reference, strict=True)]
    whole = [math.fsum(each) for each in rewards]
    for sequence, each in zip(SEQUENCES, rewards, strict=True):
        for length in range(1, LENGTH + 1):
            same = [place for place, other in enumerate(SEQUENCES) if other[:length] == sequence[:length]]
            weights = [math.exp(math.fsum(reference[place][length:])) for place in same]
            exponential = math.fsum(w * math.exp(whole[place] / beta) for w, place in zip(weights, same, strict=True))
            q_value = math.fsum(each[:length])
            assert q_value == pytest.approx(beta * math.log(exponential), abs=1e-4 * beta)
            mean = math.fsum(w * whole[place] for w, place in zip(weights, same, strict=True))
            assert mean - 1e-4 * beta <= q_value <= max(whole[place] for place in same) + 1e-4 * beta


def soft_value(rewards: list[float], weights: list[float], beta: float) -> float:
    """beta * log E exp(r / beta), computed without overflow."""
    best = max(rewards)
    return best + beta * math.log(
        math.fsum(w * math.exp((r - best) / beta) for r, w in zip(rewards, weights, strict=True))
    )


def test_a_large_beta_gives_the_mean_and_a_small_one_the_best(
    logprobs: tuple[list[list[float]], list[list[float]]],
) -> None:
    """For a reward that is fixed, here the response's at beta 1."""
    policy, reference = logprobs
    rewards = [math.fsum(step_rewards(STEPS, own, other, 1.0)) for own, other in zip(policy, reference, strict=True)]
    weights = [math.exp(math.fsum(tokens)) for tokens in reference]
    mean = math.fsum(w * r for w, r in zip(weights, rewards, strict=True))
    assert soft_value(rewards, weights, 1e4) == pytest.approx(mean, abs=1e-2)
    assert soft_value(rewards, weights, 1e-3) == pytest.approx(max(rewards), abs=1e-1)
    assert soft_value(rewards, weights, 1.0) == pytest.approx(0.0, abs=1e-4)  # E pi / pi_ref = 1


def test_step_rewards_sum_to_the_reward_of_the_response(logprobs: tuple[list[list[float]], list[list[float]]]) -> None:
    for own, other in zip(*logprobs, strict=True):
        rewards = step_rewards(STEPS, own, other, 0.05)
        assert len(rewards) == 3
        assert math.fsum(rewards) == pytest.approx(0.05 * (math.fsum(own) - math.fsum(other)), abs=1e-9)
        assert rewards[1] == pytest.approx(0.05 * (own[2] - other[2]), abs=1e-12)


def test_a_batch_and_its_padding_change_nothing() -> None:
    model = make_model("llama", 1)
    short, long = Response([2, 1, 0], 1, [0, 1]), Response([2, 0, 1, 1, 0, 2, 2], 4, [0, 0, 1])
    together = token_logprobs(model, [short, long])
    alone = [token_logprobs(model, [each])[0] for each in (short, long)]
    assert [len(each) for each in together] == [2, 3]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    with torch.no_grad():
        logits = model(torch.tensor([long.ids])).logits[0].log_softmax(-1)
    assert alone[1] == pytest.approx([float(logits[place - 1, long.ids[place]]) for place in (4, 5, 6)], abs=1e-5)


@given(st.floats(-1e6, 1e6))
@example(1e-15)
@example(-1e-15)
@example(0.0)
def test_scores_are_probabilities(reward: float) -> None:
    assert 0.0 <= sigmoid(reward) <= 1.0
    assert sigmoid(reward) + sigmoid(-reward) == pytest.approx(1.0)
    lean = sigmoid(reward) - 0.5
    assert lean * reward >= 0.0
    assert lean != 0.0 or abs(reward) < 1e-15  # what lies nearer to zero is rounded away
