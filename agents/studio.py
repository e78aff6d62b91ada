"""The graph for LangGraph Studio and `langgraph dev` (langgraph.json): its nodes and edges as a run has them.

It is for looking: a run is driven by `pelagos run`, which alone opens what the nodes need (ledger, sandbox, models).
"""

from __future__ import annotations

import os
from typing import cast, get_args

from agents.graph import Graph, Review, build_run_graph
from pelagos.errors import BadInput

REVIEW_VARIABLE = "PELAGOS_LOOP__REVIEW"


def make_graph() -> Graph:
    """Return the graph in the review mode that `PELAGOS_LOOP__REVIEW` names: off, async or gate. Raises BadInput."""
    review = os.environ.get(REVIEW_VARIABLE, "off")
    if review not in get_args(Review):
        raise BadInput(f"{REVIEW_VARIABLE}: {review!r} is no review mode: one of {', '.join(get_args(Review))}")
    return build_run_graph(cast(Review, review))
