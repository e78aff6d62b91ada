"""Trainings of the verifiers, all from the policy's weights: outcome head, value head, implicit by cross-entropy."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from agents.verifiers.protocol import Solution
from benchmarks.chain.models.lm import HeadLm, TinyLm
from benchmarks.chain.models.policies import draw_shifts
from benchmarks.chain.models.text import encode_batch, find_boundaries
from benchmarks.chain.models.training import M, Plan, train
from benchmarks.chain.verifying.labels import Labels
from benchmarks.chain.verifying.reading import to_text, token_log_ratio

BATCH, HELD_OUT = 64, 10  # rows of a batch; one row of ten is held out
Loss = Callable[[M, Tensor, Tensor, Tensor | None], Tensor]
"""Model, tokens (rows, length), targets (rows, or rows x boundaries with NaN where there is none), shifts of chunk numbers
(rows; None: none) -> mean loss."""


def train_verifier(
    path: Path, start: M, loss: Loss[M], solutions: Sequence[Solution], targets: Tensor, updates: int, rate: float
) -> M:
    """Train to the plateau of the held-out loss. Rows of one problem must be neighbours: the last tenth is held out."""
    tokens = encode_batch([to_text(solution) for solution in solutions])
    kept = len(tokens) - len(tokens) // HELD_OUT

    def of_batch(model: M, update: int) -> Tensor:
        rows = torch.randint(kept, (min(BATCH, kept),), generator=torch.Generator().manual_seed(update))
        return loss(model, tokens[rows], targets[rows], draw_shifts(tokens[rows], Random(update)))

    def held_out(model: M) -> float:
        return float(loss(model, tokens[kept:], targets[kept:], None))

    return train(path, copy.deepcopy(start), Plan(of_batch, held_out, updates, rate))


def outcome_loss(model: HeadLm, tokens: Tensor, right: Tensor, shifts: Tensor | None) -> Tensor:
    """The scalar head at the last token against the outcome."""
    odds = model.odds(tokens, shifts)
    last = (tokens != 0).sum(1) - 1
    return functional.binary_cross_entropy_with_logits(odds.gather(1, last[:, None])[:, 0], right)


def value_loss(model: HeadLm, tokens: Tensor, values: Tensor, shifts: Tensor | None) -> Tensor:
    """The scalar head at each boundary against the share of right completions (soft labels)."""
    odds = model.odds(tokens, shifts)[find_boundaries(tokens)]
    return functional.binary_cross_entropy_with_logits(odds, values[~values.isnan()])


def implicit_loss(reference: TinyLm, beta: float) -> Loss[TinyLm]:
    """Cross-entropy of sigmoid(beta x log ratio of the solution) against the outcome (arXiv 2412.01981, section 3)."""

    def loss(model: TinyLm, tokens: Tensor, right: Tensor, shifts: Tensor | None) -> Tensor:
        reward = beta * (token_log_ratio(model, reference, tokens, shifts) * (tokens[:, 1:] != 0)).sum(1)
        return functional.binary_cross_entropy_with_logits(reward, right)

    return loss


def value_targets(labels: Labels) -> Tensor:
    """(solutions, boundaries), NaN where a solution has fewer."""
    longest = max(map(len, labels.values))
    return torch.tensor([values + [float("nan")] * (longest - len(values)) for values in labels.values])
