"""What planning is offered of tools from outside, and the calls that are planned where a toolchain writes its plans."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import GenericAlias
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.consulting.consult import say_faults
from agents.run import Run
from pelagos.errors import BadReply
from pelagos.nouns import Hypothesis, Step
from tools.opening import opening
from tools.prompt import one_of, render
from tools.toolchain import Tool

TEMPLATE = Path(__file__).with_name("choose.j2")


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")


def list_offered(run: Run) -> Sequence[Tool]:
    """Return the tools from outside that the planner is told; what was left out is noted."""
    if run.toolbox.is_empty:
        return ()
    say_faults(run.toolbox.listing.faults, run)
    return run.toolbox.offer(run.model("planner").strong)


def choose_calls(hypothesis: Hypothesis, offered: Sequence[Tool], run: Run) -> list[Step]:
    """Ask the planner which calls tell something about the hypothesis; none where no reply fits. For toolchains that
    write their plans themselves."""
    if not offered:
        return []
    brief = run.toolchain.brief(run.task, run)
    prompt = render(
        TEMPLATE,
        opening=opening(brief, run.task.metric),
        material=run.toolchain.material(run.task, hypothesis.target, run),
        hypothesis=hypothesis,
        external=offered,
        most=run.external.calls,
    )
    schema = _make_schema(tuple(tool.name for tool in offered), run.external.calls)
    try:
        reply = run.model("planner").ask_json(prompt, schema, max_tokens=150 * run.external.calls)
    except BadReply as error:
        run.say(f"{hypothesis.id}: no calls of tools in the reply: {error}")
        return []
    return [Step(**step) for step in reply.model_dump()["steps"]]


def make_call_type(tools: tuple[str, ...]) -> type[BaseModel]:
    """Return the type of a call of one of the tools: its name and its arguments."""
    fields: dict[str, Any] = {"tool": (one_of(tools), ...), "arguments": (dict[str, Any], Field(default_factory=dict))}
    return create_model("Call", __config__=ConfigDict(extra="forbid"), **fields)


@lru_cache(maxsize=16)
def _make_schema(tools: tuple[str, ...], most: int) -> type[BaseModel]:
    """Return the schema of the reply. Cached for the reason that `agents/nodes/ideate.py` gives."""
    step_fields: dict[str, Any] = {
        "text": (str, Field(min_length=3, max_length=3000)),
        "call": (make_call_type(tools), ...),
    }
    step = create_model("ToolStep", __base__=Choice, **step_fields)
    steps: dict[str, Any] = {"steps": (GenericAlias(list, (step,)), Field(max_length=most))}
    return create_model("Choice", __base__=Choice, **steps)
