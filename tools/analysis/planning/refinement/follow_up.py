"""Lets a strong model choose one more test of the same question, after a test. It can only speak against findings: what
it contradicts is dropped, and nothing that it alone shows is taken up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from pelagos.errors import BadReply
from tools.analysis.execution.checks import next_calls
from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.arguments import fill_arguments
from tools.analysis.planning.workflows.search import Search, describe_call
from tools.prompt import one_of, render

TEMPLATE = Path(__file__).with_suffix(".j2")
STOP = "stop"


class NextCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tool: str


def choose_follow_up(run: CallsRun, search: Search, seen: Sequence[str], study: Study, opening: str) -> Call | None:
    """Ask a strong model which test, if any, follows a result; `seen` are lines on it. None for a model that isn't
    strong, without a usable reply, or where nothing else can be tested."""
    model = study.context.model("planner")
    options = _list_follow_ups(run, search)
    if not model.strong or not options:
        return None
    lines = {name: describe_call(call, search.specs[name]) for name, call in options.items()}
    prompt = render(TEMPLATE, opening=opening, objective=search.objective, seen=seen, options=lines, stop=STOP)
    try:
        reply = model.ask_json(prompt, _make_schema((STOP, *options)), max_tokens=100)
    except BadReply as error:
        study.context.say(f"{search.objective.id}: no further call: {error}")
        return None
    return options.get(reply.tool)


def _list_follow_ups(run: CallsRun, search: Search) -> dict[str, Call]:
    """Return the tests of the same objective that the data permit now and that weren't made."""
    made = {call["tool"] for call in run.calls}
    options: dict[str, Call] = {}
    for name in next_calls(search.specs, run.states, missing=search.missing, sets=search.sets):
        spec = search.specs[name]
        if name not in made and spec.tests and spec.relation == search.objective.relation:
            arguments = fill_arguments(spec, search.objective, search.design)
            if arguments is not None:
                options[name] = {"tool": name, "arguments": arguments}
    return options


@lru_cache(maxsize=64)
def _make_schema(tools: tuple[str, ...]) -> type[NextCall]:
    fields: dict[str, Any] = {"tool": (one_of(tools), ...)}
    return create_model("NextCall", __base__=NextCall, **fields)
