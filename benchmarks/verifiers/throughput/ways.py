"""Ways to score the steps of all candidates of one problem with one verifier: in one pass, or by re-scored prefixes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.verifiers.protocol import Solution, Verifier

Way = Callable[[Verifier, Sequence[Solution]], list[list[float]]]
"""Returns the step scores of each candidate."""


def score_in_one_pass(verifier: Verifier, plans: Sequence[Solution]) -> list[list[float]]:
    return [result.scores for result in verifier.score(plans)]


def score_by_step(verifier: Verifier, plans: Sequence[Solution]) -> list[list[float]]:
    """A call per step, each over its whole prefix: RLHFlow's evaluation and reward-hub's reader of it do so."""
    return [
        [verifier.score([prefix])[0].scores[-1] for prefix in (cut(plan, depth) for depth in depths(plan))]
        for plan in plans
    ]


def score_by_depth(verifier: Verifier, plans: Sequence[Solution]) -> list[list[float]]:
    """A call per depth over all candidates' prefixes: the step searches of compute-optimal-tts do so. Candidates have
    the same number of steps."""
    columns = [
        [result.scores[-1] for result in verifier.score([cut(plan, depth) for plan in plans])]
        for depth in depths(plans[0])
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def depths(plan: Solution) -> range:
    return range(1, len(plan.steps) + 1)


def cut(plan: Solution, depth: int) -> Solution:
    return plan._replace(steps=plan.steps[:depth])


OURS = "one pass a plan (ours)"
WAYS: dict[str, Way] = {
    OURS: score_in_one_pass,
    "a call a step": score_by_step,
    "a call a depth, candidates batched": score_by_depth,
}
