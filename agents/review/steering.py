"""The wish of a person that ideation is told: facts, of which the newest holds, and the fact which idea was asked for
with which wish."""

from __future__ import annotations

from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.review import Offered, Steer, Steered
from pelagos.visible import make_visible

MAX_WISH = 2_000


def record_wish(ledger: Ledger, text: str, by: str = "") -> str:
    """Record the wish and return the one that it replaces; "" takes the wish back. Raises BadInput for one that is too
    long, and for a run that asks nobody for ideas."""
    text = make_visible(text).strip()
    if len(text) > MAX_WISH:
        raise BadInput(f"steer: {len(text)} characters are too long: at most {MAX_WISH} are taken")
    if offered := ledger.fact(Offered, Offered.KIND):
        offered.check_asks("steer")
    while True:
        wishes = list(ledger.facts(Steer).values())
        mine = Steer(text=text, by=by)
        if ledger.record(mine, str(len(wishes) + 1)) == mine:
            return wishes[-1].text if wishes else ""


def read_wish(ledger: Ledger, hypothesis: str) -> str:
    """Return the wish that the idea of this hypothesis is asked for with, "" if there is none. It is chosen once."""
    wishes = ledger.facts(Steer)
    if not wishes:
        return ""
    chosen = ledger.record(Steered(steer=list(wishes)[-1]), hypothesis)
    return wishes[chosen.steer].text
