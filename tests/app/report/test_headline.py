"""The report's first sentence counts as undecided what was compared and stayed so."""

from __future__ import annotations

from typing import Any, cast

from app.live.board import Funnel
from app.report.facts import Finding
from app.report.headline import compose_headline
from pelagos.nouns import Effect, Verdict, VerdictKind


class Best:
    sealed = None


def make_verdict(hypothesis: str, effect: Effect | None, **fields: Any) -> Verdict:
    return Verdict(id=hypothesis, hypothesis=hypothesis, kind=VerdictKind.UNDECIDED, effect=effect, **fields)


def test_what_never_ran_is_not_undecided() -> None:
    verdicts = [
        make_verdict("h1", Effect(value=0.1, p_value=0.4, seeds=3)),
        make_verdict("h2", None, reason="no version that runs"),
        make_verdict("h3", Effect(value=0.5, p_value=1.0, seeds=3), suspect=["reads labels"]),
    ]
    passed = Funnel(proposed=3, kept=3, executed=2, improved=0, promising=0, supported=0)
    sentence = compose_headline(None, passed, cast(Finding, Best()), verdicts, "finished")
    assert "2 hypotheses tested" in sentence
    assert sentence.endswith("noise; 1 stay undecided; 1 suspect.")
