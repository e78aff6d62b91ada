"""Problems and solutions as tokens, with where each stands.

A problem is chunks that begin with "," and it ends with ":"; steps end with ";"; a verifier's rationale begins with "?".
Frequent strings are one token (`,+3` or `0;`), so that a model of 0.1M parameters reads 12 tokens and not 40.

Instead of one running position, a token has three: the part (problem, solution, rationale), the chunk or step it belongs
to, and its place in that. Chunk i of the problem and step i share a number, so a model need not count; numbers are shifted
at random in training, so that all of them are known and longer chains can be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

DIGITS = "0123456789"
TOKENS = (
    "\0", ":", "?", "Y", "N", "=", "{", "%10}", "p", *"+-*", *DIGITS, *"abcdef",
    *(digit + ";" for digit in DIGITS),
    *(f",{sign}{digit}" for sign, digit in product("+-*", DIGITS)),
    *(f",{name}" for name in "rslpid"),
    *(f",{name}=" for name in "abcdef"),
    *(f"[{sign}]" for sign in DIGITS + "x"),
)  # fmt: skip
CODES = {token: code for code, token in enumerate(TOKENS)}
PAD, COLON, QUESTION = 0, CODES[":"], CODES["?"]
CHUNKS, PLACES, PARTS = 16, 16, 3
_SPLIT = re.compile("|".join(re.escape(token) for token in sorted(TOKENS, key=len, reverse=True)))
_BEGINS = torch.tensor([token.startswith(",") for token in TOKENS])
ENDS_STEP = torch.tensor([token.endswith(";") for token in TOKENS])


@lru_cache(maxsize=1 << 16)
def encode(text: str) -> tuple[int, ...]:
    """Raises ValueError where a character belongs to no token."""
    tokens = _SPLIT.findall(text)
    if sum(map(len, tokens)) != len(text):
        raise ValueError(f"{text!r} can't be written in tokens of the domains")
    return tuple(CODES[token] for token in tokens)


def encode_batch(texts: Sequence[str]) -> Tensor:
    """(rows, longest) tokens, padded on the right."""
    rows = [encode(text) for text in texts]
    longest = max(map(len, rows))
    return torch.tensor([row + (PAD,) * (longest - len(row)) for row in rows])


def decode(tokens: Sequence[int]) -> str:
    return "".join(TOKENS[token] for token in tokens)


def locate(tokens: Tensor) -> Tensor:
    """(rows, length) tokens -> (rows, length, 3): chunk, place and part of each."""
    rationale = (tokens == QUESTION).cumsum(1).clamp(max=1)
    part = _count_before(tokens == COLON).clamp(max=1) + rationale
    chunk = torch.where(part == 0, _BEGINS[tokens].cumsum(1), _count_before(ENDS_STEP[tokens]) + 1 - rationale)
    return torch.stack((chunk.clamp(max=CHUNKS - 1), _place_in_chunk(tokens), part), -1)


def find_boundaries(tokens: Tensor) -> Tensor:
    """(rows, length): where the problem and each step end."""
    colon = tokens == COLON
    return (colon & (colon.cumsum(1) == 1)) | ENDS_STEP[tokens]


def _place_in_chunk(tokens: Tensor) -> Tensor:
    ends = (tokens == COLON) | ENDS_STEP[tokens]
    begins = torch.roll(ends, 1, 1) | (tokens == QUESTION) | _BEGINS[tokens]
    begins[:, 0] = True
    at = torch.arange(tokens.shape[1]).expand_as(tokens)
    return (at - torch.where(begins, at, 0).cummax(1).values).clamp(max=PLACES - 1)


def _count_before(mask: Tensor) -> Tensor:
    """How often `mask` was true before each token."""
    return mask.cumsum(1) - mask.long()
