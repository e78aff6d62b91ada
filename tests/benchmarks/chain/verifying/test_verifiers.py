"""What verifiers read and count; step rewards sum to the reward of the whole; a policy's draws are remembered."""

from __future__ import annotations

import math

import pytest
import torch

from agents.verifiers.protocol import Solution, Usage
from agents.verifiers.search.account import Account
from agents.verifiers.search.drive import run_searches
from agents.verifiers.search.independent import BestOfN, Majority
from agents.verifiers.search.policy import Draw
from benchmarks.chain.domains.chain import Chain
from benchmarks.chain.models.lm import HeadLm
from benchmarks.chain.models.text import encode, encode_batch
from benchmarks.chain.models.training import make_lm
from benchmarks.chain.search_policy import LmPolicy
from benchmarks.chain.verifying.reading import PrefixCache, to_text
from benchmarks.chain.verifying.verifiers import (
    implicit_verifier,
    ratio_verifier,
    rule_verifier,
    value_verifier,
)

SOLUTIONS = [Solution("7,+3,*2:", ("0;", "1;")), Solution("7,+3,*2:", ("0;",)), Solution("1,-3:", ("8;",))]


def test_a_prefix_cache_counts_what_is_new() -> None:
    cache = PrefixCache()
    assert [cache.add(solution) for solution in SOLUTIONS] == [6, 0, 4]
    assert cache.add(SOLUTIONS[1].add("2;")) == 1
    assert cache.add(Solution("7,+3,*2:", ())) == 0


@torch.no_grad()
def test_implicit_step_rewards_sum_to_the_reward_of_the_solution() -> None:
    model, reference, beta = make_lm("s", 1), make_lm("s", 0), 0.5
    for solution, scored in zip(
        SOLUTIONS, implicit_verifier("i", model, reference, beta).score(SOLUTIONS), strict=True
    ):
        tokens = encode_batch([to_text(solution)])
        ratio = (
            one.log_probabilities(tokens, one.read(tokens)[0])[0, -len(solution.steps) :].sum()
            for one in (model, reference)
        )
        ours, theirs = ratio
        assert sum(scored.rewards) == pytest.approx(float(beta * (ours - theirs)), abs=1e-5)
        assert scored.scores == pytest.approx([1 / (1 + math.exp(-reward)) for reward in scored.rewards])


def test_an_implicit_verifier_that_is_its_reference_rewards_nothing() -> None:
    model = make_lm("s", 0)
    scored = implicit_verifier("i", model, model, 0.5).score(SOLUTIONS)
    assert all(one.rewards == pytest.approx([0.0] * len(one.scores)) for one in scored)


def test_values_and_their_ratio() -> None:
    torch.manual_seed(0)
    model = HeadLm(make_lm("s", 0))
    torch.nn.init.normal_(model.base.scalar.weight)
    values = value_verifier("v", model).score(SOLUTIONS)
    ratios = ratio_verifier("r", model).score(SOLUTIONS)
    whole, prefix = values[0].scores, values[1].scores
    assert whole[0] == pytest.approx(prefix[0], abs=1e-5)
    before = values[0].scores[0] - values[0].rewards[0]
    assert ratios[0].scores == pytest.approx([min(1, whole[0] / before), min(1, whole[1] / whole[0])], abs=1e-5)


def test_usage_counts_models_parameters_and_checks() -> None:
    model = make_lm("s", 0)
    verifier = implicit_verifier("i", model, model, 0.5)
    first, again = verifier.score([SOLUTIONS[0]])[0].usage, verifier.score([SOLUTIONS[0]])[0].usage
    assert first == Usage(read=12, flops=2.0 * 2 * model.parameters_count * 6)
    assert again == Usage()
    verifier.begin()
    assert verifier.score([SOLUTIONS[0]])[0].usage == first
    assert rule_verifier(Chain()).score(SOLUTIONS)[0] == ([1.0, 0.0], Usage(checks=1), (), (), ())


def test_equal_draws_are_the_same_step_and_written_tokens_are_not_read() -> None:
    policy = LmPolicy("s", make_lm("s", 0), Chain())
    root = Solution("7,+3,*2:", ())
    steps, usage = policy.propose([Draw(root, sample) for sample in (0, 1, 2)])
    assert (usage.read, usage.written) == (4, sum(len(encode(step)) for step in steps))
    assert policy.propose([Draw(root, 1)])[0] == [steps[1]]
    _, usage = policy.propose([Draw(root.add(step), 0) for step in steps])
    assert usage.read == 0
    policy.begin()
    assert policy.propose([Draw(root, 0)])[1].read == 4


def test_searches_account_for_policy_and_verifier() -> None:
    """The problem's 4 tokens are read once, all steps written; the verifier reads the problem and each distinct step."""
    policy, verifier = LmPolicy("s", make_lm("s", 0), Chain()), value_verifier("v", HeadLm(make_lm("s", 0)))
    tokens, found = {}, {}
    for strategy in (Majority(8), BestOfN(8)):
        policy.begin(), verifier.begin()
        account = Account()
        (found[strategy.name],) = run_searches(["7,+3,*2:"], strategy, policy, verifier, account)
        tokens[strategy.name] = account.policy.tokens, account.verifier.tokens
    written = sum(len(encode(step)) for one in found["majority"] for step in one.solution.steps)
    assert tokens["majority"] == (4 + written, 0)
    distinct = {one.solution.steps[:count] for one in found["best-of-n"] for count in (1, 2)}
    assert tokens["best-of-n"] == (4 + written, 4 + sum(len(encode(steps[-1])) for steps in distinct))
