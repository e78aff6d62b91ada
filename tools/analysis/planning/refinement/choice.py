"""Chooses among continuations: the only one by rule; of several the planner's model names one, else the first goes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from pelagos.errors import BadReply
from tools.analysis.planning.records import Objective
from tools.analysis.planning.refinement.rules import Continuation
from tools.analysis.planning.study import Study
from tools.prompt import one_of, render

TEMPLATE = Path(__file__).with_name("continuation.j2")


class Way(BaseModel):
    model_config = ConfigDict(extra="forbid")

    way: str


def choose_continuation(
    options: Sequence[Continuation], seen: str, objective: Objective, study: Study, opening: str
) -> tuple[Continuation, str]:
    """Return a continuation, and who chose it: rule or planner. The model is shown the question, what is known of the
    data and the options, and no result of a test. Raises what models raise except BadReply."""
    if len(options) == 1:
        return options[0], "rule"
    model = study.context.model("planner")
    prompt = render(TEMPLATE, opening=opening, objective=objective, seen=seen, options=options)
    try:
        reply = model.ask_json(prompt, _make_schema(tuple(each.rule for each in options)), max_tokens=60)
    except BadReply as error:
        study.context.say(f"{objective.id}: {options[0].rule}, the first in order: no choice in the reply: {error}")
        return options[0], "rule"
    return next(each for each in options if each.rule == reply.way), "planner"


@lru_cache(maxsize=64)
def _make_schema(ways: tuple[str, ...]) -> type[Way]:
    fields: dict[str, Any] = {"way": (one_of(ways), ...)}
    return create_model("Way", __base__=Way, **fields)
