"""Lets a strong model write code for a question that no workflow of typed tools answers: a call like any other.

It is the last resort: it is asked for after every workflow without free code has failed or where there is none, so none
with it ever stands above one without. A small model isn't asked.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pelagos.errors import BadReply
from tools.analysis.findings import Call
from tools.analysis.free_code.specs import STATES, TEST
from tools.analysis.planning.records import CallsRun, Revision
from tools.analysis.planning.refinement.revisions import record_revision
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.search import Search
from tools.prompt import render

TEMPLATE = Path(__file__).with_name("free_code.j2")
TRIES, CODE_TOKENS, CODE_CHARS = 2, 2_000, 8_000
STATE_WORDS = tuple(state.value for state in STATES)


class FreeCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["test", "transform"]
    code: str = Field(min_length=10, max_length=CODE_CHARS)
    state: str = ""


def run_free_code(failed: CallsRun, failure: str, search: Search, study: Study, opening: str) -> CallsRun:
    """Return the run of calls with free code, or `failed` where the planner isn't strong or writes none that runs.
    Raises CapReached, RunFailed, and what models raise except BadReply."""
    if not study.context.model("planner").strong:
        return failed
    run, fault = failed, ""
    for number in range(TRIES):
        calls, fault = _write_calls(failure, fault, number, search, study, opening)
        if not calls:
            continue
        reason = "no tool leads to a test: free code of a model is carried out"
        revision = Revision(objective=search.objective.id, before=run.calls, after=calls, reason=reason, by="free code")
        record_revision(study, search.objective, revision)
        run = study.run(calls)
        if run.ok:
            return run
        fault = run.cause or run.outcome
    return run


def _write_calls(
    failure: str, fault: str, number: int, search: Search, study: Study, opening: str
) -> tuple[list[Call], str]:
    """Return the calls that a reply comes to; none, with what is wrong, where it fits nothing."""
    objective, design = search.objective, search.design
    prompt = render(
        TEMPLATE,
        opening=opening,
        objective=objective,
        failure=failure,
        states=sorted(study.view.states),
        columns=json.dumps(study.view.summary()["columns"]),
        entities="a feature's id"
        if objective.relation.startswith("feature ~")
        else objective.relation.partition(" ~")[0],
        positive=f"higher in {design.case}"
        if objective.subject == design.group
        else f"it rises with {objective.subject}",
        known=STATE_WORDS,
        fault=fault,
    )
    try:
        reply = study.context.model("planner").ask_json(prompt, FreeCode, sample=number, max_tokens=CODE_TOKENS)
        ast.parse(reply.code)
    except (BadReply, SyntaxError, ValueError) as error:
        study.context.say(f"{objective.id}: no free code in the reply: {error}")
        return [], str(error)
    call: Call = {"tool": TEST, "arguments": {"code": reply.code}}
    return ([call], "") if reply.kind == "test" else _continue_to_test(reply, search)


def _continue_to_test(reply: FreeCode, search: Search) -> tuple[list[Call], str]:
    """Return the transformation with the shortest path of tools behind it that tests the objective."""
    if reply.state not in STATE_WORDS:
        return [], f"state {reply.state!r} is none of {', '.join(STATE_WORDS)}"
    first: Call = {"tool": f"{TEST}_{reply.state}", "arguments": {"code": reply.code}}
    targets = [spec for spec in search.specs.values() if spec.tests and spec.relation == search.objective.relation]
    found = [path for spec in targets for path in search.paths(spec, [first])]
    if not found:
        return [], f"no tool tests the objective on data that are {reply.state}"
    return list(min(found, key=lambda path: (not path.adjusted, len(path.calls))).calls), ""
