"""Chooses the objective that is explored next: the ideator's model picks one from an enumeration.

Only objectives of one family are offered, whose turn it is. Where the model gives no usable reply, the first in the
fixed order is taken, and a note says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from pelagos.errors import BadReply
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from tools.analysis.planning.records import Chosen, Explored, Objective
from tools.prompt import one_of, render
from tools.toolchain import Context

TEMPLATE = Path(__file__).with_suffix(".j2")


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    objective: str


def choose_objective(
    offered: Sequence[Objective], explored: Mapping[str, Explored], opening: str, context: Context
) -> Objective:
    """Return the one of `offered` that is explored next. Raises what models raise, except BadReply."""

    def action() -> tuple[Chosen, Cost]:
        by, id = "one is left", offered[0].id
        if len(offered) > 1:
            by, id = _ask(offered, explored, opening, context)
        return Chosen(objective=id, offered=[objective.id for objective in offered], by=by), Cost()

    chosen = context.steps.made(Chosen, str(len(explored)), Intent(role="ideator"), Cost(), action)
    return next(objective for objective in offered if objective.id == chosen.objective)


def _ask(
    offered: Sequence[Objective], explored: Mapping[str, Explored], opening: str, context: Context
) -> tuple[str, str]:
    model = context.model("ideator")
    lines = [summarise(made) for made in explored.values()]
    prompt = render(TEMPLATE, opening=opening, explored=lines, offered=offered)
    schema = _make_schema(tuple(objective.id for objective in offered))
    try:
        reply = model.ask_json(prompt, schema, sample=len(explored), max_tokens=100)
    except BadReply as error:
        context.say(f"objective: {offered[0].id}, the first in order: no choice in the reply: {error}")
        return "order", offered[0].id
    return "ideator", reply.objective


def summarise(made: Explored) -> str:
    """Return one line on what exploring an objective gave."""
    if made.failure:
        return f"{made.objective.id}: nothing: {made.failure}"
    best = "; ".join(finding.title for finding in made.findings[:3])
    return f"{made.objective.id}: {made.significant} of {made.entities} at q <= 0.1{f': {best}' if best else ''}"


@lru_cache(maxsize=64)
def _make_schema(ids: tuple[str, ...]) -> type[Choice]:
    fields: dict[str, Any] = {"objective": (one_of(ids), ...)}
    return create_model("Choice", __base__=Choice, **fields)
