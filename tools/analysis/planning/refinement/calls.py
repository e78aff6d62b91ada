"""What a sequence of calls does to the states of the data."""

from __future__ import annotations

from collections.abc import Sequence

from tools.analysis.findings import Call
from tools.analysis.planning.workflows.search import Search
from tools.analysis.states import State


def produces(call: Call, state: State, search: Search) -> bool:
    return bool(search.specs[call["tool"]].produces == state)


def is_reachable(calls: Sequence[Call], search: Search) -> bool:
    """Whether each call finds the states that it requires and none that it refuses."""
    states = search.states
    for call in calls:
        spec = search.specs[call["tool"]]
        if not spec.requires <= states or spec.refuses & states:
            return False
        states = states if spec.tests else (states - spec.removes) | {str(spec.produces)}
    return True
