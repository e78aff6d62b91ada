"""Facts about what people are asked, what they decide and what they ask of a run. Together they are its audit log.

`seen` names what a person was shown, `by` is the name that they gave, "" if none.
"""

from __future__ import annotations

from typing import Literal

from pelagos.errors import BadInput
from pelagos.facts.fact import Fact

Word = Literal["accept", "reject", "revise"]
ControlWord = Literal["pause", "continue", "stop"]


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
    by: str = ""


class Reviewed(Fact):
    """What the run acted on. `by` is the key of the decision, "" if there was none."""

    KIND = "reviewed"
    hypothesis: str = ""
    decision: Word = "accept"
    note: str = ""
    by: str = ""


class Control(Fact):
    """Whether the run goes on. The newest one holds: a pause until it is taken back, a stop until a drive has ended."""

    KIND = "run.control"
    word: ControlWord = "continue"
    by: str = ""


class MoreWanted(Fact):
    """More validation seeds are wanted for a hypothesis than the judge buys by its own rule. `seen` is the id of the
    verdict that was shown."""

    KIND = "evidence.wanted"
    hypothesis: str = ""
    seen: str = ""
    by: str = ""


class MoreGiven(Fact):
    """What came of the request under this row's key."""

    KIND = "evidence.given"
    hypothesis: str = ""
    reason: str = ""


class Offered(Fact):
    """The targets that a hypothesis of this run may name, each with a description. `from_data`: hypotheses come from
    the task's data, and nobody is asked for them."""

    KIND = "targets"
    targets: dict[str, str] = {}
    from_data: bool = False

    def check_asks(self, word: str) -> None:
        """Raises BadInput for what a person wishes of a run that asks nobody for ideas."""
        if self.from_data:
            raise BadInput(
                f"{word}: the hypotheses of this run come from its task's data, not from a model or a person: "
                "write other objectives into the task, or start a task of your own"
            )


class Proposed(Fact):
    """A hypothesis that a person wants to be tested."""

    KIND = "proposal"
    title: str = ""
    statement: str = ""
    target: str = ""
    by: str = ""


class Taken(Fact):
    """The lane that takes what the row `request` asks for: as the hypothesis of this id."""

    KIND = "taken"
    request: str = ""
    hypothesis: str = ""
    lane: int = 0


class Steer(Fact):
    """What ideation is told that a person wishes. The newest one holds; "" takes the wish back."""

    KIND = "steer"
    text: str = ""
    by: str = ""


class Steered(Fact):
    """The wish that the idea of a hypothesis, this row's key, was asked for with; `steer` is that row's key."""

    KIND = "steered"
    steer: str = ""


PERSONAL = (Decision, Control, MoreWanted, Proposed, Steer)
"""What people write into a ledger at any time. It takes no time of the run."""
