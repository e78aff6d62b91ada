"""Carries out the calls of a plan to tools from outside, before the plan is built. Each is made once per hypothesis.

What a tool answers is text of others: it is kept as an artifact, shown with its provenance, and handed on as data. No
score, effect or p-value is made of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.consulting.steps import list_consultations
from agents.run import Run
from pelagos.facts.external import ToolCall
from pelagos.nouns import Plan, Step
from pelagos.visible import make_one_line

HANDED_CHARS = 4_000


def consult(plan: Plan, run: Run) -> list[str]:
    """Return what the tools answered, one text per call. A failed call is noted and left out."""
    steps = list_consultations(plan.steps)[: run.external.calls]
    calls = [call_tool(step, plan, run) for step in steps]
    return [describe_answer(call, run) for call in calls if not call.fault]


def call_tool(step: Step, plan: Plan, run: Run) -> ToolCall:
    run.boundary()
    asked = step.call or {}
    made = run.toolbox.call(str(asked["tool"]), asked.get("arguments") or {}, step.text, plan.id, plan.hypothesis)
    if made.fault:
        run.say(f"{plan.id}: {made.tool}: no answer: {make_one_line(made.fault, 200)}")
    return made


def describe_answer(call: ToolCall, run: Run) -> str:
    """Return question, tool, arguments and answer; an answer that is too long for a prompt is cut."""
    answer = run.artifacts.text(call.output)
    rest = f"\n[{len(answer) - HANDED_CHARS} more characters]" if len(answer) > HANDED_CHARS else ""
    return f"{call.question}\n{call.tool}({list_arguments(call)}), {call.version}:\n{answer[:HANDED_CHARS]}{rest}"


def list_arguments(call: ToolCall) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())


def say_faults(faults: Sequence[str], run: Run) -> None:
    """Note each server and tool that was left out, once per run."""
    for fault in faults:
        run.say(f"tools: {fault}")
