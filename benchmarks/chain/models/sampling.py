"""Batched sampling with a cache: equal prefixes are read once, rows of equal length decode side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

from benchmarks.chain.models.lm import Cache, TinyLm
from benchmarks.chain.models.text import PAD, decode, encode, encode_batch

ROWS = 1024  # rows decoded side by side


@torch.no_grad()
def sample(model: TinyLm, prefixes: Sequence[str], uniform: Tensor, temperature: float = 1.0) -> list[str]:
    """Return the next `uniform.shape[1]` tokens of each prefix. `uniform` (rows, tokens), in [0, 1), decides
    each draw, so equal rows of it give equal texts."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, prefix in enumerate(prefixes):
        rows[len(encode(prefix))].append(row)
    texts = [""] * len(prefixes)
    for of_length in rows.values():
        of_length.sort(key=lambda row: prefixes[row])  # equal prefixes fall into the same batch
        for at in range(0, len(of_length), ROWS):
            batch = of_length[at : at + ROWS]
            drawn = _sample_batch(model, [prefixes[row] for row in batch], uniform[torch.tensor(batch)], temperature)
            for row, tokens in zip(batch, drawn, strict=True):
                texts[row] = decode(tokens)
    return texts


def _sample_batch(model: TinyLm, prefixes: Sequence[str], uniform: Tensor, temperature: float) -> list[list[int]]:
    """All `prefixes` are of one length."""
    tokens, hidden, cache = read_once(model, prefixes)
    for at in range(uniform.shape[1]):
        drawn = _draw(model.logits(hidden) / temperature, uniform[:, at])
        tokens = torch.cat((tokens, drawn[:, None]), 1)
        if at + 1 < uniform.shape[1]:
            following, cache = model.read_next(tokens, cache)
            hidden = following[:, -1]
    return tokens[:, -uniform.shape[1] :].tolist()


def read_once(model: TinyLm, prefixes: Sequence[str]) -> tuple[Tensor, Tensor, Cache]:
    """Tokens, last hidden state and cache of each prefix; equal prefixes are computed once."""
    unique = list(dict.fromkeys(prefixes))
    places = {prefix: place for place, prefix in enumerate(unique)}
    of_row = torch.tensor([places[prefix] for prefix in prefixes])
    tokens = encode_batch(unique)
    hidden, cache = model.read(tokens)
    return tokens[of_row], hidden[of_row, -1], [(keys[of_row], values[of_row]) for keys, values in cache]


def _draw(logits: Tensor, uniform: Tensor) -> Tensor:
    """(rows): the token at which the cumulated probability first exceeds `uniform`."""
    logits[:, PAD] = -torch.inf
    cumulated = logits.softmax(-1).cumsum(-1)
    return (cumulated <= uniform[:, None] * cumulated[:, -1:]).sum(-1).clamp(max=logits.shape[-1] - 1)
