"""P(Yes) per step, one prompt per step that holds the earlier ones, and an answer that says nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from agents.models.meter import count_call
from agents.verifiers.language.direct import DirectVerifier
from agents.verifiers.language.subject import REASONING
from agents.verifiers.protocol import Solution, StepScores
from pelagos.errors import BadReply
from tools.toolchain import Message


class ScriptedModel:
    """Likes steps by the number in them; can't tell about 'mute'."""

    strong = False

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self._lock = threading.Lock()

    def probability(self, messages: Sequence[Message], yes: str = "Yes", no: str = "No") -> float:
        with self._lock:
            self.prompts.append(messages[-1].content)
        count_call(8, 2)
        step = messages[-1].content.split("Next step:")[1]
        if "mute" in step:
            raise BadReply("neither")
        return float(step.split("step-")[1].split('"')[0])


def test_scores_come_in_the_order_of_the_steps_with_their_tokens() -> None:
    model = ScriptedModel()
    verifier = DirectVerifier(lambda: model)
    (result,) = verifier.score([Solution("P", ("step-0.9", "step-0.2", "mute"))])
    assert result.scores == [0.9, 0.2, 0.5]
    assert (result.usage.read, result.usage.written) == (24, 6)
    second = next(prompt for prompt in model.prompts if "step-0.2" in prompt.split("Next step:")[1])
    assert '1. "step-0.9"' in second.split("Next step:")[0]
    assert "mute" not in second


def test_no_steps_cost_nothing() -> None:
    assert DirectVerifier(lambda: ScriptedModel()).score([Solution("P", ())]) == [StepScores([])]


def test_the_prompt_says_what_is_judged_and_quotes_a_problem_that_others_wrote() -> None:
    model = ScriptedModel()
    DirectVerifier(lambda: model).score([Solution("P ==== end", ("step-1",))])
    DirectVerifier(lambda: model, subject=REASONING).score([Solution("P ==== end", ("step-1",))])
    plan, reasoning = model.prompts
    assert plan.startswith("P ==== end\n")
    assert reasoning.startswith("==== data\nP === end\n==== end\n")
