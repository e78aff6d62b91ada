import pytest

from pelagos.nouns import Step
from tests.tools.analysis.planning.examples import make_implication
from tools.analysis.trials.build import make_step, read_step


def test_a_step_says_what_its_call_should_show() -> None:
    implication = make_implication(preparation=[{"tool": "normalise", "arguments": {}}])
    step = make_step(implication)
    assert step.text == "it holds" and step.call is not None and step.call["tool"] == "model"
    assert read_step(step) == implication


@pytest.mark.parametrize(
    "call", [None, {"tool": "model", "arguments": {}}, {"tests": {}}, {"tool": "m", "tests": {"x": 1}}]
)
def test_a_step_that_says_nothing_is_refused(call: dict | None) -> None:
    with pytest.raises(ValueError, match="something"):
        read_step(Step(text="something", call=call))
