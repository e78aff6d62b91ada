"""A tiny language model as the `Policy` of a search, with draws remembered and tokens counted as by a prefix cache."""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence

import numpy as np
import torch

from agents.verifiers.protocol import Solution, Usage
from agents.verifiers.search.policy import Draw
from benchmarks.chain.domains.domain import Domain, answer
from benchmarks.chain.models.lm import TinyLm
from benchmarks.chain.models.rollouts import split_steps
from benchmarks.chain.models.sampling import sample
from benchmarks.chain.models.text import encode
from benchmarks.chain.verifying.reading import PrefixCache, to_text


class LmPolicy:
    """Equal draws are the same step, whichever strategy asks. `begin` empties the prefix cache: a new search begins."""

    def __init__(self, name: str, model: TinyLm, domain: Domain) -> None:
        self.name, self._model, self._domain = name, model, domain
        self._memo: dict[Draw, str] = {}
        self._cache = PrefixCache()

    def begin(self) -> None:
        self._cache = PrefixCache()

    def propose(self, draws: Sequence[Draw]) -> tuple[list[str], Usage]:
        missing = [draw for draw in dict.fromkeys(draws) if draw not in self._memo]
        if missing:
            uniform = torch.from_numpy(np.stack([self._roll(draw) for draw in missing]))
            texts = sample(self._model, [to_text(draw.prefix) for draw in missing], uniform)
            self._memo.update((draw, split_steps(text)[0]) for draw, text in zip(missing, texts, strict=True))
        steps = [self._memo[draw] for draw in draws]
        read = sum(self._cache.add(prefix) for prefix in dict.fromkeys(draw.prefix for draw in draws))
        written = sum(len(encode(step)) for step in steps)
        for draw, step in zip(draws, steps, strict=True):
            self._cache.add(draw.prefix.add(step))  # what was written needn't be read
        return steps, Usage(read, written, 2.0 * self._model.parameters_count * (read + written))

    def is_finished(self, solution: Solution) -> bool:
        return len(solution.steps) >= self._domain.count_steps(solution.problem)

    def answer(self, solution: Solution) -> Hashable:
        return answer(self._domain, solution)

    def _roll(self, draw: Draw) -> np.ndarray:
        """(tokens of a step) uniform numbers that belong to the draw."""
        seed = zlib.crc32(f"{to_text(draw.prefix)} {draw.sample}".encode())
        return np.random.default_rng(seed).random(self._domain.step_tokens, dtype=np.float32)
