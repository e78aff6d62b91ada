"""One review and one score per prefix, averaged over votes."""

from __future__ import annotations

import pytest

from agents.verifiers.language.prefix import END_OF_THOUGHTS, PrefixVerifier
from agents.verifiers.protocol import Solution
from pelagos.errors import BadReply
from tests.agents.verifiers.language.scripted import ScriptedModel, Talk


def steps_of(talk: Talk) -> int:
    return talk[1].content.count("\nStep ")


def test_each_prefix_is_reviewed_by_each_vote_and_scored_by_the_mean() -> None:
    model = ScriptedModel(
        lambda talk, vote: f"{steps_of(talk)}/{vote}", lambda talk: 0.1 * (steps_of(talk) + int(talk[2].content[-1]))
    )
    long, short = PrefixVerifier(lambda: model, votes=2).score([Solution("P", ("a", "b", "c")), Solution("Q", ("d",))])
    assert long.votes == (pytest.approx((0.1, 0.2, 0.3)), pytest.approx((0.2, 0.3, 0.4)))
    assert long.scores == pytest.approx([0.15, 0.25, 0.35])
    assert short.scores == pytest.approx([0.15])
    assert sorted((steps_of(talk), vote) for talk, vote in model.asked) == [
        (1, 0),
        (1, 0),
        (1, 1),
        (1, 1),
        (2, 0),
        (2, 1),
        (3, 0),
        (3, 1),
    ]
    assert set(model.stops) == {(END_OF_THOUGHTS,)}
    assert "Is the solution correct?" in model.judged[0][-1].content
    assert (long.usage.read, long.usage.written) == (660, 126)


def test_a_review_that_cannot_be_read_is_one_half() -> None:
    def reply(talk: Talk, vote: int) -> str:
        raise BadReply("all thoughts")

    model = ScriptedModel(reply, lambda _: 0.9)
    (result,) = PrefixVerifier(lambda: model).score([Solution("P", ("a",))])
    assert (result.scores, result.reasons) == ([0.5], ("no answer: all thoughts",))
