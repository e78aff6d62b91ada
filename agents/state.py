"""Defines the graph's state: ids and counters, JSON only, of bounded size. The run and each of its lanes have one.

The ledger says what an id means, the artifact store holds the content; the state doesn't grow with the run. It holds no
times, texts, scores or code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from pelagos.errors import BadInput

SCHEMA_VERSION = 4

Status = Literal["running", "finished", "capped", "starved"]
_SEVERITY: dict[str, int] = {"running": 0, "finished": 1, "capped": 2, "starved": 3}

Update = dict[str, Any]


def keep_worst(old: Status, new: Status) -> Status:
    """Return the more severe status, since lanes may stop for different reasons. "running" always replaces the old
    status; no lane ends with it."""
    return new if new == "running" or _SEVERITY[new] >= _SEVERITY[old] else old


def keep_latest(old: str, new: str) -> str:
    """Return the newer reason. A lane without a reason doesn't erase another lane's."""
    return new or old


def merge_visits(old: dict[str, int], new: dict[str, int]) -> dict[str, int]:
    return {**old, **new}


class State(TypedDict):
    """The run's state. `status` is "running" until every lane has ended, or until a cap is reached or no model answers
    before they begin; then the run confirms and reports what it has, and `reason` says why it stopped.
    """

    schema_version: int
    lanes: int  # hypotheses in progress at a time
    numbered: int  # highest number of a hypothesis when the lanes were opened; new numbers begin after it
    visits: Annotated[dict[str, int], merge_visits]  # node name -> times entered; part of the ledger's progress keys
    status: Annotated[Status, keep_worst]
    reason: Annotated[str, keep_latest]


class Lane(TypedDict):
    """The state of one lane, which takes one hypothesis after another from the idea to the lesson."""

    lane: int  # from 0
    lanes: int
    number: int  # of the newest hypothesis; each lane has numbers of its own
    hypothesis: str  # id of the hypothesis in progress, "" if there is none
    kept: bool  # whether screening, and a reviewer, accepted it
    plans: list[str]  # ids of the plans to carry out
    due: dict[str, list[int]]  # version id -> seeds to run before the next judgement
    strong: bool  # whether to test its best version on sealed data now
    fruitless: int  # consecutive proposals that were unusable or thrown out
    visits: Annotated[dict[str, int], merge_visits]
    status: Annotated[Status, keep_worst]
    reason: Annotated[str, keep_latest]


class LaneEnd(TypedDict):
    """The part of a lane's state that is returned to the run."""

    status: Annotated[Status, keep_worst]
    reason: Annotated[str, keep_latest]


def make_initial_state(lanes: int = 1) -> State:
    return State(schema_version=SCHEMA_VERSION, lanes=lanes, numbered=0, visits={}, status="running", reason="")


def open_lane(state: State, lane: int) -> Lane:
    """Return a lane's first state. It numbers its hypotheses lane + 1, lane + 1 + lanes, ... after the existing
    ones."""
    return Lane(
        lane=lane,
        lanes=state["lanes"],
        number=state["numbered"] + lane + 1 - state["lanes"],
        hypothesis="",
        kept=False,
        plans=[],
        due={},
        strong=False,
        fruitless=0,
        visits={},
        status="running",
        reason="",
    )


def clear_hypothesis() -> Update:
    """Return the update that removes the hypothesis in progress from a lane's state."""
    return {"hypothesis": "", "kept": False, "plans": [], "due": {}, "strong": False}


def check_version(state: dict[str, Any]) -> None:
    """Raises BadInput for a checkpoint of a Pelagos version with another state schema."""
    version = state.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BadInput(
            f"checkpoint: schema version {version}, this Pelagos reads {SCHEMA_VERSION}: resume with the old one"
        )
