"""A verifier whose step rewards are log-ratios of two language models, both read by transformers.

Numbers of two engines differ by more than many a step reward, so both terms come from one.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents.verifiers.checkpoints.batches import score_in_batches
from agents.verifiers.checkpoints.known import Checkpoint
from agents.verifiers.checkpoints.layouts import Encoded, check_length
from agents.verifiers.checkpoints.loading import find_context, load_model, load_tokenizer
from agents.verifiers.implicit.rewards import sigmoid, step_rewards, token_logprobs
from agents.verifiers.implicit.spans import Response, encode_response
from agents.verifiers.protocol import Solution, StepScores, check_scores
from pelagos.errors import BadInput, BadScore

BATCH = 4


class _Loaded(NamedTuple):
    tokenizer: Any
    policy: Any
    reference: Any


class _Pair(NamedTuple):
    """What the policy reads, and what the reference reads."""

    response: Response
    for_reference: Response

    @property
    def ids(self) -> list[int]:
        return self.response.ids + self.for_reference.ids


class ImplicitVerifier:
    """`folder` holds the trained model, `reference` the one it was trained from; both are loaded when the first
    solution is scored. The weight of the log-ratio is `checkpoint.beta`. Thread-safe.

    Without a reference nothing needs to be trained: the same model reads the steps without the problem in its place, so
    a reward is what the problem tells about the step (pointwise mutual information, in nats, times beta).

    Scores are the sigmoids of the rewards: they order the steps of all solutions as the rewards do.
    """

    def __init__(self, checkpoint: Checkpoint, folder: Path, reference: Path | None, batch: int = BATCH) -> None:
        other = reference.name if reference else "none"
        self.name = f"implicit: {checkpoint.name}, beta {checkpoint.beta:g}, reference {other}"
        self._checkpoint, self._folder, self._reference, self._batch = checkpoint, folder, reference, batch
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Return one probability and one reward per step. Raises BadInput, BadScore and MissingPart."""
        if not any(solution.steps for solution in solutions):
            return [StepScores([]) for _ in solutions]
        loaded = self._load()
        pairs = [self._encode(loaded, place, solution) for place, solution in enumerate(solutions, 1)]

        def read(batch: Sequence[_Pair]) -> list[StepScores]:
            return self._read(loaded, batch)

        # 2 FLOPs per parameter and token, by the mean size of both models: they read about as many tokens
        flops = float(loaded.policy.num_parameters() + loaded.reference.num_parameters())
        return check_scores(self.name, solutions, score_in_batches(pairs, self._batch, flops, 1, read))

    def _read(self, loaded: _Loaded, batch: Sequence[_Pair]) -> list[StepScores]:
        policy = token_logprobs(loaded.policy, [pair.response for pair in batch])
        reference = token_logprobs(loaded.reference, [pair.for_reference for pair in batch])
        results = []
        for pair, own, other in zip(batch, policy, reference, strict=True):
            rewards = step_rewards(pair.response.steps, own, other, self._checkpoint.beta)
            self._check(rewards)
            results.append(StepScores([sigmoid(reward) for reward in rewards], rewards=rewards))
        return results

    def _check(self, rewards: Sequence[float]) -> None:
        """Raise BadScore for a reward that is no number: one of the models gives NaN, or no probability at all."""
        for number, reward in enumerate(rewards, 1):
            if not math.isfinite(reward):
                raise BadScore(f"{self.name}: step {number} of {len(rewards)} has the reward {reward}: no number")

    def _encode(self, loaded: _Loaded, place: int, solution: Solution) -> _Pair:
        if not solution.steps:
            return _Pair(Response([], 0, []), Response([], 0, []))
        response = encode_response(loaded.tokenizer, self._checkpoint, solution)
        context = min(find_context(loaded.policy), find_context(loaded.reference))
        check_length(self._checkpoint, Encoded(response.ids, _ends(response)), place, context)
        if self._reference is not None:
            return _Pair(response, response)
        without_problem = encode_response(loaded.tokenizer, self._checkpoint, solution._replace(problem=""))
        if without_problem.steps != response.steps:
            raise BadInput(
                f"checkpoint {self._checkpoint.name}: solution {place} is cut into other tokens without its "
                "problem: name a reference"
            )
        return _Pair(response, without_problem)

    def _load(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._open()
            return self._loaded

    def _open(self) -> _Loaded:
        name, auto_class = self._checkpoint.name, "AutoModelForCausalLM"
        tokenizer = load_tokenizer(self._folder, name)
        policy = load_model(self._folder, name, auto_class)
        if self._reference is None:
            return _Loaded(tokenizer, policy, policy)
        if load_tokenizer(self._reference, str(self._reference)).get_vocab() != tokenizer.get_vocab():
            raise BadInput(
                f"checkpoint {name}: its tokenizer and that of {self._reference} differ: take the model that it was "
                "trained from as the reference"
            )
        reference = load_model(self._reference, str(self._reference), auto_class)
        return _Loaded(tokenizer, policy, reference)


def _ends(response: Response) -> list[int]:
    """The position of the last token of each step."""
    last = {step: response.first + place for place, step in enumerate(response.steps)}
    return [last[step] for step in sorted(last)]
