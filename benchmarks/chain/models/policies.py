"""Policies: language models of the noisy process of a domain, trained from scratch on fresh solutions."""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from torch import Tensor

from benchmarks.chain.domains.domain import RANDOM, Domain, Traps, write_solution
from benchmarks.chain.models.lm import TinyLm
from benchmarks.chain.models.text import CHUNKS, COLON, PAD, encode_batch, locate
from benchmarks.chain.models.training import Plan, make_lm, train

BATCH, RATE = 64, 4e-3


def train_policy(folder: Path, domain: Domain, traps: Traps, size: str, updates: int, seed: int) -> TinyLm:
    def loss(model: TinyLm, update: int) -> Tensor:
        random = Random(f"{seed} {size} {update}")
        texts = [_write_text(domain, traps, random) for _ in range(BATCH)]
        tokens = encode_batch(texts)
        return solution_loss(model, tokens, draw_shifts(tokens, random)).mean()

    path = folder / f"policy-{size}.pt"
    return train(path, make_lm(size, seed), Plan(loss, None, updates, RATE))


def solution_loss(model: TinyLm, tokens: Tensor, shifts: Tensor) -> Tensor:
    """Cross-entropy in nats per token of each row's solution, the problem left out."""
    hidden, _ = model.read(tokens, shifts)
    mask = solution_mask(tokens)
    return -(model.log_probabilities(tokens, hidden) * mask).sum(1) / mask.sum(1)


def solution_mask(tokens: Tensor) -> Tensor:
    """(rows, length - 1): which of the tokens from the second on belong to a solution."""
    return (((tokens == COLON).cumsum(1)[:, :-1] > 0) & (tokens[:, 1:] != PAD)).float()


def draw_shifts(tokens: Tensor, random: Random) -> Tensor:
    """A random shift of chunk numbers per row that leaves room for the row's chunks."""
    last = locate(tokens)[..., 0].amax(1).tolist()
    return torch.tensor([random.randint(0, CHUNKS - 1 - chunk) for chunk in last])


def _write_text(domain: Domain, traps: Traps, random: Random) -> str:
    problem = domain.make_problem(random.choice(domain.lengths), random)
    solution = write_solution(domain, problem, traps, RANDOM, random)
    return problem + "".join(solution.steps)
