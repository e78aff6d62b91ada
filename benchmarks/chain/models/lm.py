"""A decoder of 0.05 to 0.35M parameters, with a cache of keys and values and a scalar head beside the token head."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.chain.models.text import CHUNKS, PARTS, PLACES, TOKENS, locate


class Size(NamedTuple):
    width: int
    layers: int
    heads: int = 4


SIZES = {"s": Size(48, 2), "m": Size(64, 2), "l": Size(96, 3)}

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values of each layer: (rows, heads, tokens so far, width of a head)."""


class Block(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.before_attention, self.before_mlp = nn.LayerNorm(size.width), nn.LayerNorm(size.width)
        self.qkv = nn.Linear(size.width, 3 * size.width, bias=False)
        self.out = nn.Linear(size.width, size.width, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(size.width, 4 * size.width), nn.GELU(approximate="tanh"), nn.Linear(4 * size.width, size.width)
        )

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        rows, length, width = x.shape
        split = self.qkv(self.before_attention(x)).view(rows, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
        # With a past, `length` is 1: the one new token sees all.
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=past is None)
        x = x + self.out(mixed.transpose(1, 2).reshape(rows, length, width))
        return x + self.mlp(self.before_mlp(x)), (k, v)


def deepen(model: TinyLm, layers: int) -> TinyLm:
    """A copy with `layers` more on top, which add nothing until they are trained."""
    deeper = TinyLm(model.size._replace(layers=model.size.layers + layers))
    deeper.load_state_dict(deeper.state_dict() | model.state_dict())
    for block in list(deeper.blocks)[model.size.layers :]:
        assert isinstance(block, Block)
        for last in (block.out, block.mlp[-1]):
            for weight in last.parameters():
                nn.init.zeros_(weight)
    return deeper


class TinyLm(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.token = nn.Embedding(len(TOKENS), size.width)
        self.chunk, self.place, self.part = (nn.Embedding(n, size.width) for n in (CHUNKS, PLACES, PARTS))
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.width)
        self.scalar = nn.Linear(size.width, 1)
        for table in (self.token, self.chunk, self.place, self.part):
            nn.init.normal_(table.weight, std=0.3)
        nn.init.zeros_(self.scalar.weight)

    @property
    def parameters_count(self) -> int:
        return sum(weight.numel() for weight in self.parameters())

    def read(self, tokens: Tensor, shift: Tensor | None = None) -> tuple[Tensor, Cache]:
        """(rows, length) tokens -> hidden states (rows, length, width) and the cache. `shift` (rows) is added to the
        number of each chunk."""
        where = locate(tokens)
        if shift is not None:
            where[..., 0] = (where[..., 0] + shift[:, None]).clamp(max=CHUNKS - 1)
        return self._run(tokens, where, [None] * len(self.blocks))

    def read_next(self, tokens: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """The same for the last of `tokens` alone, all earlier ones being in the cache."""
        return self._run(tokens[:, -1:], locate(tokens)[:, -1:], cache)

    def logits(self, hidden: Tensor) -> Tensor:
        return functional.linear(self.norm(hidden), self.token.weight)

    def log_probabilities(self, tokens: Tensor, hidden: Tensor) -> Tensor:
        """(rows, length - 1): of each token but the first, given those before it."""
        scores = self.logits(hidden[:, :-1]).log_softmax(-1)
        return scores.gather(-1, tokens[:, 1:, None]).squeeze(-1)

    def values(self, hidden: Tensor) -> Tensor:
        """(rows, length) log-odds of the scalar head."""
        odds: Tensor = self.scalar(self.norm(hidden))
        return odds[..., 0]

    def _run(self, tokens: Tensor, where: Tensor, past: Sequence[tuple[Tensor, Tensor] | None]) -> tuple[Tensor, Cache]:
        x = self.token(tokens) + self.chunk(where[..., 0]) + self.place(where[..., 1]) + self.part(where[..., 2])
        cache: Cache = []
        for block, of_layer in zip(self.blocks, past, strict=True):
            x, kept = block(x, of_layer)
            cache.append(kept)
        return x, cache


class HeadLm(nn.Module):
    """A language model under a scalar head that also sees the state before each token, and one layer that adds up.

    Whether a step is right is what was expected before it against what came: `mix` has both. A head on the model's last
    states alone doesn't find that in these sizes.
    """

    def __init__(self, base: TinyLm) -> None:
        super().__init__()
        self.base = copy.deepcopy(base)
        width = base.size.width
        self.mix = nn.Sequential(
            nn.LayerNorm(2 * width),
            nn.Linear(2 * width, 4 * width),
            nn.GELU(approximate="tanh"),
            nn.Linear(4 * width, width),
        )
        self.block = Block(base.size)

    @property
    def parameters_count(self) -> int:
        return sum(weight.numel() for weight in self.parameters())

    def odds(self, tokens: Tensor, shift: Tensor | None = None) -> Tensor:
        """(rows, length) log-odds."""
        states, _ = self.base.read(tokens, shift)
        before = torch.cat((torch.zeros_like(states[:, :1]), states[:, :-1]), 1)
        mixed, _ = self.block(states + self.mix(torch.cat((states, before), -1)), None)
        return self.base.values(mixed)
