"""What a message says, and that nothing hostile or secret is in it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.notify.message import Message, clean, describe_found
from pelagos.nouns import Claim, Effect, Verdict, VerdictKind


def make_message(reason: str = "", found: str = "") -> Message:
    return Message("failed", "night", "digits", "failed", reason, found, "pelagos resume /p/runs/night")


def make_verdict(id: str, hypothesis: str, kind: VerdictKind, gain: float) -> Verdict:
    return Verdict(id=id, hypothesis=hypothesis, kind=kind, effect=Effect(value=gain))


@settings(max_examples=50)
@given(st.text(), st.text())
def test_it_is_lines_of_visible_text_and_one_line_of_json(reason: str, found: str) -> None:
    message = clean(make_message(reason, found), {})
    assert len(message.text.split("\n")) == 3
    assert message.text.isprintable() or message.text.replace("\n", "").isprintable()
    assert json.loads(message.dump_json())["text"] == message.text
    assert "\n" not in message.dump_json()


def test_nothing_in_the_text_mentions_anybody_or_is_a_link() -> None:
    message = clean(make_message("<!channel> @everyone [here](http://e.org) \x1b[31mred\u202e"), {})
    assert not set("<>@[]\x1b\u202e") & set(message.text)


def test_values_of_secret_variables_are_left_out() -> None:
    env = {"MY_TOKEN": "abcdefgh1", "SLACK_WEBHOOK": "http://h.org/T0/B0", "HOME": "/home/me", "X_KEY": "none"}
    message = clean(make_message("abcdefgh1 at http://h.org/T0/B0 in /home/me: none"), env)
    assert message.reason == "[key] at [key] in /home/me: none"


def test_the_best_that_sealed_data_support_comes_first() -> None:
    verdicts = [make_verdict("v1", "h1", VerdictKind.PROMISING, 3.0), make_verdict("v2", "h2", VerdictKind.REFUTED, -1)]
    claims = [
        Claim(id=id, hypothesis=id, version="", level=0.05, left=0.05, held=held, reason="", effect=Effect(value=gain))
        for id, held, gain in (("h2", True, 0.25), ("h3", True, 0.5), ("h4", False, 9.0))
    ]
    titles = {"h1": "One", "h3": "Three"}
    assert describe_found(claims, verdicts, titles) == "2 supported by sealed data; the best +0.5: Three"
    assert describe_found([], verdicts, titles) == "1 promising, not tested on sealed data yet; the best +3: One"
    later = [*verdicts, make_verdict("v3", "h1", VerdictKind.UNDECIDED, 1.0)]
    assert describe_found([], later, titles) == "nothing that helps so far (2 judged)"
