"""A text that a prompt would cut is refused by each verifier that quotes it."""

from __future__ import annotations

import pytest

from agents.verifiers.language.direct import DirectVerifier
from agents.verifiers.language.genprm import GenerativeVerifier
from agents.verifiers.language.prefix import PrefixVerifier
from agents.verifiers.language.subject import REASONING
from agents.verifiers.protocol import Solution, Verifier
from pelagos.errors import BadInput
from tests.agents.verifiers.language.scripted import ScriptedModel

MODEL = ScriptedModel(lambda *_: "fine", lambda _: 0.5)


@pytest.mark.parametrize(
    "verifier",
    [
        DirectVerifier(lambda: MODEL, subject=REASONING),
        GenerativeVerifier(lambda: MODEL, None, subject=REASONING),
        PrefixVerifier(lambda: MODEL, subject=REASONING),
    ],
    ids=lambda verifier: verifier.name,
)
def test_a_text_too_long_to_quote_is_named_and_nothing_is_asked(verifier: Verifier) -> None:
    with pytest.raises(BadInput) as refused:
        verifier.score([Solution("P" * 8000, ("a",)), Solution("P" * 8001, ("a", "b" * 9000))])
    assert refused.value.faults == (
        f"{verifier.name}: solution 2, problem: has 8001 characters of at most 8000: shorten or split it",
        f"{verifier.name}: solution 2, step 2: has 9000 characters of at most 8000: shorten or split it",
    )
    assert not MODEL.asked
    assert not MODEL.judged


def test_plans_are_bounded_by_whoever_wrote_them_so_no_run_ends_by_a_long_one() -> None:
    model = ScriptedModel(lambda *_: "fine", lambda _: 0.5)
    (result,) = DirectVerifier(lambda: model).score([Solution("P" * 9000, ("a" * 9000,))])
    assert result.scores == [0.5]
