"""Revises workflows after their results: by rules, and for a strong model by a choice of the next call.

A failed call is mended where its cause says how; a choice that fails is left out. Each revision is a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from pelagos.errors import BadReply
from tools.analysis.execution.checks import next_calls
from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun, Objective, Revision
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.arguments import fill_arguments, find_parameter
from tools.analysis.planning.workflows.search import CHOICES, Search, describe_call
from tools.analysis.states import State
from tools.prompt import one_of, render

TEMPLATE = Path(__file__).with_name("next_call.j2")
STOP = "stop"
MISSING = re.compile(r"\b(missing|NaN)\b", re.IGNORECASE)
COLLINEAR = re.compile(r"\b(rank|singular|collinear|confounded|constant)", re.IGNORECASE)


class NextCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tool: str


def repair_calls(run: CallsRun, search: Search) -> tuple[list[Call], str]:
    """Return the calls with the failed one mended, and why; no calls where no rule applies."""
    calls, place = list(run.calls), run.failed_call
    if place is None or place >= len(calls):
        return [], "no single call failed"
    failed = search.specs[calls[place]["tool"]]
    cause = f"{failed.name} failed: {run.cause or run.outcome}"
    if MISSING.search(run.cause) and not any(_produces(call, State.IMPUTED, search) for call in calls):
        for spec in search.specs.values():
            arguments = fill_arguments(spec, search.objective, search.design)
            if spec.produces == State.IMPUTED and arguments is not None:
                filled: Call = {"tool": spec.name, "arguments": arguments}
                return [*calls[:place], filled, *calls[place:]], f"{cause}; missing values are filled in before it"
    if COLLINEAR.search(run.cause) and (mended := _drop_covariate(calls, place, search)):
        return mended
    if failed.produces in CHOICES and _is_reachable([*calls[:place], *calls[place + 1 :]], search):
        return [*calls[:place], *calls[place + 1 :]], f"{cause}; it is left out"
    return [], cause


def record_revision(study: Study, objective: Objective, revision: Revision) -> None:
    """Record the next revision of an objective. One that is recorded already stays as it is."""
    ledger, number = study.context.steps.ledger, 0
    while (known := ledger.fact(Revision, f"{objective.id}/{number}")) is not None:
        if known == revision:
            return
        number += 1
    ledger.record(revision, f"{objective.id}/{number}")
    study.context.say(f"{objective.id}: {revision.reason}")


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


def _drop_covariate(calls: Sequence[Call], place: int, search: Search) -> tuple[list[Call], str] | None:
    """Leave out the last covariate that isn't the batch."""
    spec = search.specs[calls[place]["tool"]]
    parameter = find_parameter(spec, "covariates")
    if parameter is None:
        return None
    columns = [name for name in calls[place]["arguments"].get(parameter.name, []) if name != search.design.batch]
    if not columns:
        return None
    arguments = dict(calls[place]["arguments"])
    arguments[parameter.name] = [name for name in arguments[parameter.name] if name != columns[-1]]
    mended = [*calls[:place], {**calls[place], "arguments": arguments}, *calls[place + 1 :]]
    return mended, f"{spec.name} can't tell {columns[-1]} from the other columns; it is left out of the model"


def _produces(call: Call, state: State, search: Search) -> bool:
    return bool(search.specs[call["tool"]].produces == state)


def _is_reachable(calls: Sequence[Call], search: Search) -> bool:
    """Whether each call finds the states that it requires."""
    states = search.states
    for call in calls:
        spec = search.specs[call["tool"]]
        if not spec.requires <= states:
            return False
        states = states if spec.tests else (states - spec.removes) | {str(spec.produces)}
    return True


@lru_cache(maxsize=64)
def _make_schema(tools: tuple[str, ...]) -> type[NextCall]:
    fields: dict[str, Any] = {"tool": (one_of(tools), ...)}
    return create_model("NextCall", __base__=NextCall, **fields)
