"""Facts about what reviewers are asked and what they decide. `seen` is the hash of what they were shown."""

from __future__ import annotations

from typing import Literal

from pelagos.facts.fact import Fact

Word = Literal["accept", "reject", "revise"]


class Wanted(Fact):
    """The run waits for a decision on what this row's key says."""

    KIND = "review.wanted"
    hypothesis: str = ""


class Decision(Fact):
    KIND = "decision"
    hypothesis: str = ""
    seen: str = ""
    decision: Word = "accept"
    note: str = ""


class Reviewed(Fact):
    """What the run acted on. `by` is the key of the decision, "" if there was none."""

    KIND = "reviewed"
    hypothesis: str = ""
    decision: Word = "accept"
    note: str = ""
    by: str = ""
