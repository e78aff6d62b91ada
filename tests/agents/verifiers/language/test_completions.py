"""What goes over the wire to /v1/completions, what comes back, and faults that are one line."""

from __future__ import annotations

import json
import math

import pytest

from agents.verifiers.language.completions import Completion, CompletionEndpoint
from pelagos.errors import ModelUnavailable
from tests.agents.models.conftest import Script, says, script  # noqa: F401

BODY = {
    "choices": [
        {
            "text": "Yes}",
            "logprobs": {
                "tokens": ["Yes", "}"],
                "top_logprobs": [{"Yes": -0.1, "No": -2.4}, {"}": 0.0, "x": -math.inf}],
            },
        }
    ],
    "usage": {"prompt_tokens": 30, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 20}},
}


def ask(script: Script) -> Completion:  # noqa: F811
    return CompletionEndpoint("GenPRM-7B", script.url).complete("P", stop=("\n```\n",), max_tokens=20, seed=3)


def test_a_completion_is_asked_for_as_genprm_is_evaluated(script: Script) -> None:  # noqa: F811
    script.answers = [says(json.dumps(BODY))]
    assert ask(script) == Completion("Yes}", ["Yes", "}"], [{"Yes": -0.1, "No": -2.4}, {"}": 0.0, "x": -1e4}], 10, 2)
    sent = script.seen[0]
    assert (sent["prompt"], sent["stop"], sent["seed"], sent["logprobs"]) == ("P", ["\n```\n"], 3, 20)
    assert sent["include_stop_str_in_output"] is True


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says("no such model", 404), "status 404: no such model"),
        (says("<html>"), "is no completion: <html>"),
        (says('{"choices": []}'), "is no completion"),
        (says('{"choices": [{"text": "x", "logprobs": {"top_logprobs": 3}}]}'), "is no completion"),
        *(
            (
                says(f'{{"choices": [{{"text": "x", "logprobs": {{"top_logprobs": [{{"Yes": {value}}}]}}}}]}}'),
                "is no completion",
            )
            for value in ("NaN", "null", '"a"', "1e9")
        ),
        (says('{"choices": [{"text": "x"}], "usage": {"prompt_tokens": Infinity}}'), "is no completion"),
    ],
)
def test_faults_name_the_model_and_the_address(script: Script, answer: object, told: str) -> None:  # noqa: F811
    script.answers = [answer]  # type: ignore[list-item]
    with pytest.raises(ModelUnavailable, match=rf"^model GenPRM-7B at {script.url}: {told}"):
        ask(script)


def test_nothing_there_is_said() -> None:
    with pytest.raises(ModelUnavailable, match="nothing answers"):
        CompletionEndpoint("m", "http://127.0.0.1:9/v1").complete("P", stop=(), max_tokens=1, seed=0)
