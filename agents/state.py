"""The graph's state: ids and counters, JSON only, bounded. The run has one, and each of its lanes has one.

What an id means is in the ledger, what it holds is in the artifact store; nothing here grows with the run. Doesn't hold
times, texts, scores or code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from pelagos.errors import BadInput

SCHEMA_VERSION = 2

Status = Literal["running", "finished", "capped", "starved"]
_SEVERITY: dict[str, int] = {"running": 0, "finished": 1, "capped": 2, "starved": 3}

Update = dict[str, Any]


def worst(old: Status, new: Status) -> Status:
    """Lanes may stop for different reasons: the worst holds. "running" starts afresh; no lane ends with it."""
    return new if new == "running" or _SEVERITY[new] >= _SEVERITY[old] else old


def latest(old: str, new: str) -> str:
    """A lane without a reason doesn't wipe another's."""
    return new or old


def count(old: dict[str, int], new: dict[str, int]) -> dict[str, int]:
    return {**old, **new}


class State(TypedDict):
    """The run's. `status` leaves "running" when every lane has ended, or when a cap is reached or no model answers
    before they begin; the run then goes on to confirm and report with what it has, and `reason` says why.
    """

    schema_version: int
    lanes: int  # hypotheses in work at a time
    numbered: int  # hypotheses that had a number when the lanes were opened: theirs begin after it
    visits: Annotated[dict[str, int], count]  # node name -> times entered, for the ledger's progress keys
    status: Annotated[Status, worst]
    reason: Annotated[str, latest]


class Lane(TypedDict):
    """One lane's: it takes one hypothesis after the other all the way, from the idea to the lesson."""

    lane: int  # from 0
    lanes: int
    number: int  # of the hypothesis asked for last; each lane has numbers of its own
    hypothesis: str  # id of the one in work, "" between two
    kept: bool  # whether screening, and a reviewer, let it through
    plans: list[str]  # plan ids that are carried out
    due: dict[str, list[int]]  # version id -> seeds to run before judge looks (again)
    fruitless: int  # proposals in a row that came to nothing
    visits: Annotated[dict[str, int], count]
    status: Annotated[Status, worst]
    reason: Annotated[str, latest]


class LaneEnd(TypedDict):
    """What a lane hands back to the run."""

    status: Annotated[Status, worst]
    reason: Annotated[str, latest]


def initial(lanes: int = 1) -> State:
    return State(schema_version=SCHEMA_VERSION, lanes=lanes, numbered=0, visits={}, status="running", reason="")


def lane_of(state: State, lane: int) -> Lane:
    """A lane at its beginning. Its hypotheses are numbered lane + 1, lane + 1 + lanes, ... after those there are."""
    return Lane(
        lane=lane,
        lanes=state["lanes"],
        number=state["numbered"] + lane + 1 - state["lanes"],
        hypothesis="",
        kept=False,
        plans=[],
        due={},
        fruitless=0,
        visits={},
        status="running",
        reason="",
    )


def between() -> Update:
    """What of a lane's state is about the hypothesis in work, where there is none."""
    return {"hypothesis": "", "kept": False, "plans": [], "due": {}}


def check_version(state: dict[str, Any]) -> None:
    """Raises BadInput where a checkpoint was written by a Pelagos whose state looked different."""
    found = state.get("schema_version")
    if found != SCHEMA_VERSION:
        raise BadInput(
            f"checkpoint: schema version {found}, this Pelagos reads {SCHEMA_VERSION}: resume with the old one"
        )
