"""Mends a call that failed or refused, where its cause says how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.workflows.arguments import find_parameter
from tools.analysis.planning.workflows.search import CHOICES, Search
from tools.analysis.states import State

MISSING = re.compile(r"\b(missing|NaN)\b", re.IGNORECASE)
COLLINEAR = re.compile(r"\b(rank|singular|collinear|confounded|constant)", re.IGNORECASE)
Repair = tuple[str, list[Call], str]
"""Its name, the whole workflow, and why."""


def list_repairs(run: CallsRun, rest: Sequence[Call], search: Search) -> Iterator[Repair]:
    """Yield the repairs of a run whose last call failed, the surest first; `rest` are the calls that were to follow.
    Whether the states of the data permit a repair is for the caller to find."""
    place = run.failed_call
    if place is None or place >= len(run.calls):
        return
    before, failed, after = list(run.calls[:place]), run.calls[place], [*run.calls[place + 1 :], *rest]
    spec = search.specs[failed["tool"]]
    cause = f"{spec.name} failed: {run.cause or run.outcome}"
    if MISSING.search(run.cause) and not any(search.produces(call, State.IMPUTED) for call in run.calls):
        for filling in search.list_calls(State.IMPUTED):
            yield "fill in", [*before, filling, failed, *after], f"{cause}; missing values are filled in before it"
    if COLLINEAR.search(run.cause) and (made := _drop_covariate(failed, search)):
        call, column = made
        reason = f"{spec.name} can't tell {column} from the other columns; it is left out of the model"
        yield "a covariate less", [*before, call, *after], reason
    looser = loosen(failed, search) if spec.produces == State.FILTERED else None
    if looser is not None:
        yield "a looser filter", [*before, looser[0], *after], f"{cause}; {looser[1]}"
    if spec.produces in CHOICES:
        yield "without the call", [*before, *after], f"{cause}; it is left out"


def loosen(call: Call, search: Search) -> tuple[Call, str] | None:
    """Return the call with its first share (a number between 0 and 1) halved, and how that is said; else None."""
    for parameter in search.specs[call["tool"]].parameters.values():
        value = call["arguments"].get(parameter.name, parameter.default)
        if parameter.schema.get("type") == "number" and isinstance(value, float) and 0 < value < 1:
            half = round(value / 2, 4)
            looser: Call = {"tool": call["tool"], "arguments": {**call["arguments"], parameter.name: half}}
            return looser, f"{parameter.name} is {half:g} instead of {value:g}"
    return None


def _drop_covariate(call: Call, search: Search) -> tuple[Call, str] | None:
    """Leave out the last covariate that isn't the batch."""
    parameter = find_parameter(search.specs[call["tool"]], "covariates")
    if parameter is None:
        return None
    given = list(call["arguments"].get(parameter.name, []))
    columns = [name for name in given if name != search.design.batch]
    if not columns:
        return None
    left = [name for name in given if name != columns[-1]]
    return {**call, "arguments": {**call["arguments"], parameter.name: left}}, columns[-1]
