"""The graph's state: ids and counters of the current cycle, JSON only, bounded.

What an id means is in the ledger, what it holds is in the artifact store; nothing here grows with the run but
`winners`. Doesn't hold times, texts, scores or code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from pelagos.errors import BadInput

SCHEMA_VERSION = 1

Status = Literal["running", "finished", "capped", "starved"]
_SEVERITY: dict[str, int] = {"running": 0, "finished": 1, "capped": 2, "starved": 3}

Update = dict[str, Any]


def gather(old: list[str], new: list[str] | None) -> list[str]:
    """Parallel branches add ids; None empties the list (a new cycle)."""
    return [] if new is None else [*old, *(item for item in new if item not in old)]


def worst(old: Status, new: Status) -> Status:
    """Parallel branches may stop for different reasons: the worst holds. "running" starts afresh; no branch says it."""
    return new if new == "running" or _SEVERITY[new] >= _SEVERITY[old] else old


def latest(old: str, new: str) -> str:
    """A branch without a reason doesn't wipe another's."""
    return new or old


def count(old: dict[str, int], new: dict[str, int]) -> dict[str, int]:
    return {**old, **new}


class State(TypedDict):
    """`status` leaves "running" when a cap is reached or no model answers; the loop then goes to judge and on to
    confirm and report with the best so far, and `reason` says why.
    """

    schema_version: int
    cycle: int  # from 1
    cycles: int
    attempt: int  # hypotheses asked for in this cycle
    proposed: str  # hypothesis id that waits for screen, or ""
    kept: list[str]  # hypothesis ids of this cycle
    plans: list[str]  # plan ids carried out in this cycle
    builds: Annotated[list[str], gather]  # build ids of this cycle
    buying: dict[str, list[int]]  # version id -> seeds that judge wants run before it looks again; empty: none
    winners: list[str]  # hypothesis ids supported so far, over all cycles; judge writes it whole
    barren: int  # cycles in a row with nothing newly supported
    supported_before: int  # len(winners) when this cycle began
    visits: Annotated[dict[str, int], count]  # node name -> times entered, for the ledger's progress keys
    status: Annotated[Status, worst]
    reason: Annotated[str, latest]


class Branch(TypedDict, total=False):
    """The state of one plan's subgraph. `version` is "" until built; `seeds` are those to run now."""

    cycle: int
    plan: str
    version: str
    seeds: list[int]
    builds: Annotated[list[str], gather]
    status: Annotated[Status, worst]
    reason: Annotated[str, latest]


class BranchEnd(TypedDict, total=False):
    """What a branch hands back to the loop."""

    builds: Annotated[list[str], gather]
    status: Annotated[Status, worst]
    reason: Annotated[str, latest]


def initial(cycles: int) -> State:
    return State(
        schema_version=SCHEMA_VERSION,
        cycle=1,
        cycles=cycles,
        attempt=0,
        proposed="",
        kept=[],
        plans=[],
        builds=[],
        buying={},
        winners=[],
        barren=0,
        supported_before=0,
        visits={},
        status="running",
        reason="",
    )


def check_version(state: dict[str, Any]) -> None:
    """Raises BadInput where a checkpoint was written by a Pelagos whose state looked different."""
    found = state.get("schema_version")
    if found != SCHEMA_VERSION:
        raise BadInput(
            f"checkpoint: schema version {found}, this Pelagos reads {SCHEMA_VERSION}: resume with the old one"
        )
