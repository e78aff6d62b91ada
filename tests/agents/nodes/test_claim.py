from __future__ import annotations

from pathlib import Path

from agents.nodes.claim import claim
from agents.nodes.judge import judge
from pelagos.nouns import VerdictKind
from tests.agents.nodes.laboratory import carry_out, make_lane, open_run


def test_the_time_of_a_claim_is_none_of_the_next_hypothesis(tmp_path: Path) -> None:
    """A run with 145 s left began no hypothesis of 70 s, since the one before had taken 181 s with its claim."""
    run = open_run(tmp_path)
    run.pace._now = lambda: 230.0
    run.pace._begun["h1"] = 0.0
    carry_out(run, "h1", {"better": 0.1}, range(8))
    assert judge(make_lane("h1"), run)["strong"]
    run.now = iter([120.0, 230.0]).__next__
    assert claim(make_lane("h1", strong=True), run) == {"strong": False}
    assert run.verdicts()["h1"].kind is VerdictKind.SUPPORTED
    run.pace.on_event(run.ledger.events("waited")[-1])
    run.pace.end("h1")
    assert run.pace.hypothesis_s(None, None) == 120.0
