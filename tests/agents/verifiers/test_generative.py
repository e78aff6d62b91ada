"""P(Yes) per step, one prompt per step that holds the earlier ones, and an answer that says nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from agents.verifiers.aggregate import last, mean, minimum
from agents.verifiers.best_of_n import best_of_n
from agents.verifiers.generative import GenerativeVerifier
from agents.verifiers.protocol import StepScores
from pelagos.errors import BadReply
from tools.toolchain import Message


class Mind:
    """Likes steps by the number in them; can't tell about 'mute'."""

    strong = False

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.tokens = 0
        self._lock = threading.Lock()

    def probability(self, messages: Sequence[Message], yes: str = "Yes", no: str = "No") -> float:
        with self._lock:
            self.prompts.append(messages[-1].content)
            self.tokens += 10
        step = messages[-1].content.split("Next step:")[1]
        if "mute" in step:
            raise BadReply("neither")
        return float(step.split("step-")[1].split('"')[0])


def test_scores_come_in_the_order_of_the_steps_with_their_tokens() -> None:
    mind = Mind()
    scored = GenerativeVerifier(lambda: mind, lambda: mind.tokens).score("P", ["step-0.9", "step-0.2", "mute"])
    assert scored.scores == [0.9, 0.2, 0.5]
    assert scored.tokens == 30
    second = next(prompt for prompt in mind.prompts if "step-0.2" in prompt.split("Next step:")[1])
    assert '1. "step-0.9"' in second.split("Next step:")[0]
    assert "mute" not in second


def test_no_steps_cost_nothing() -> None:
    assert GenerativeVerifier(lambda: Mind(), lambda: 0).score("P", []) == StepScores([], 0, 0.0)


def test_best_of_n_ranks_by_the_weakest_step_and_keeps_the_raw_scores() -> None:
    verifier = GenerativeVerifier(lambda: Mind(), lambda: 0)
    ranked = best_of_n("P", [["step-0.9", "step-0.2"], ["step-0.5", "step-0.6"], ["step-0.5"]], verifier)
    assert [(one.place, one.score) for one in ranked] == [(1, 0.5), (2, 0.5), (0, 0.2)]
    replayed = sorted(ranked, key=lambda one: -mean(one.raw.scores))
    assert [one.place for one in replayed] == [1, 0, 2]


def test_aggregates_of_nothing_are_zero() -> None:
    assert minimum([]) == last([]) == mean([]) == 0.0
    assert (minimum([0.3, 0.1, 0.2]), last([0.3, 0.1, 0.2])) == (0.1, 0.2)
