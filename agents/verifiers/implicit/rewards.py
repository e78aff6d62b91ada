"""Rewards of an implicit process reward model, by the log-probabilities of one engine (arXiv 2412.01981, section 3).

r_t = beta * sum over the tokens of step t of log pi(y_i | y_<i) / pi_ref(y_i | y_<i). Its running sum is a Q value,
q_t = beta * log E exp(r(y) / beta) over continuations by pi_ref: between their mean (large beta) and their best
(small beta). All r_t sum to r(y), the reward of the response.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from agents.verifiers.checkpoints.layouts import Encoded
from agents.verifiers.checkpoints.readers import pad
from agents.verifiers.implicit.spans import Response


def token_logprobs(model: Any, batch: Sequence[Response]) -> list[list[float]]:
    """Return log p(token | tokens before), in nats, of each response's tokens, by one pass."""
    torch = import_module("torch")
    inputs = pad([Encoded(each.ids, []) for each in batch], model.device)
    keep_from = min(each.first for each in batch) - 1
    kept = torch.arange(keep_from, inputs["input_ids"].shape[1], device=model.device)
    with torch.inference_mode():
        logits = model(**inputs, use_cache=False, logits_to_keep=kept).logits
        return [_logprobs(torch, logits[row], each, keep_from) for row, each in enumerate(batch)]


def _logprobs(torch: Any, logits: Any, response: Response, keep_from: int) -> list[float]:
    """`logits` has a row per position from `keep_from` on; a token is predicted one position before its own."""
    rows = logits[response.first - 1 - keep_from : len(response.ids) - 1 - keep_from].float()
    wanted = torch.tensor(response.ids[response.first :], device=rows.device)
    chosen = rows.gather(1, wanted[:, None])[:, 0] - rows.logsumexp(1)
    return [float(value) for value in chosen]


def step_rewards(
    steps: Sequence[int], policy: Sequence[float], reference: Sequence[float], beta: float
) -> tuple[float, ...]:
    """Return the reward of each step, in nats: beta times the log-ratio over its tokens. `steps[i]` is the step of
    token i."""
    ratios: list[list[float]] = [[] for _ in range(max(steps) + 1)]
    for step, own, other in zip(steps, policy, reference, strict=True):
        ratios[step].append(own - other)
    return tuple(beta * math.fsum(each) for each in ratios)


def sigmoid(reward: float) -> float:
    """Return the probability of log-odds `reward`, without overflow."""
    if reward >= 0:
        return 1.0 / (1.0 + math.exp(-reward))
    return math.exp(reward) / (1.0 + math.exp(reward))
