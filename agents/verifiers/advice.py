"""What the loop asks of its verifier: to rank plans and programs, and to criticise; within a share of a run's tokens.

A verifier's fault costs no hypothesis: what can't be ranked is taken as it comes, and a note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.verifiers.language.critic import critique
from agents.verifiers.off import Off
from agents.verifiers.protocol import Solution, Verifier, Voting, check_scores
from agents.verifiers.ranking import Ranked, rank
from pelagos.errors import BadInput, BadReply, BadScore, MissingPart, NothingUsable

Say = Callable[[str], None]
FAULTS = (BadInput, BadScore, BadReply, MissingPart, NothingUsable)
"""What a verifier may raise that costs no hypothesis. A model that is away is not its fault."""


def is_asked(verifier: Verifier, solutions: Sequence[object]) -> bool:
    """Whether there is anything to rank, and a verifier with an opinion."""
    return len(solutions) > 1 and not isinstance(verifier, Off)


def afford_votes(verifier: Verifier, solutions: Sequence[Solution], tokens: float | None) -> Verifier:
    """Return the verifier with as many votes as `tokens` pay for, one at least and its own number at most; `tokens` is
    None before a hypothesis' cost is known, which buys one vote. A verifier without votes is returned as it is."""
    if not isinstance(verifier, Voting):
        return verifier
    affordable = 1 if tokens is None else int(tokens / max(1, verifier.estimate_vote(solutions)))
    return verifier.with_votes(min(verifier.votes, max(1, affordable)))


def rank_if_possible(solutions: Sequence[Solution], verifier: Verifier, say: Say) -> list[Ranked] | None:
    """Return the solutions, best first; None where nobody is asked or the verifier fails, which is said. Raises
    ModelUnavailable, ModelTimeout and CapReached."""
    if not is_asked(verifier, solutions):
        return None
    try:
        return rank(solutions, verifier)
    except FAULTS as error:
        say(f"not ranked, taken as they come: {error}")
        return None


def criticise(solution: Solution, verifier: Verifier, say: Say) -> str:
    """Return the verifier's reasons against the steps that it holds for wrong, quoted as data; "" where it gives none.

    Raises ModelUnavailable, ModelTimeout and CapReached.
    """
    if not isinstance(verifier, Voting) or not solution.steps:  # the others give no reasons
        return ""
    try:
        critic = verifier.with_votes(1)
        (result,) = check_scores(critic.name, [solution], critic.score([solution]))
    except FAULTS as error:
        say(f"no criticism: {error}")
        return ""
    return critique(result)
