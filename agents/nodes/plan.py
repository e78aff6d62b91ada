"""Plan: plans for the hypothesis in work, each step scored by the verifier where there are several; the best go on.

A step is text with a check that the toolchain can execute; where the toolchain offers typed tools, a step is a call of
one. All plans and raw step scores are recorded, so that another aggregation can be replayed. A hypothesis for which no
reply fits gets a plan of one step, its own statement, and it is said. So does every hypothesis of a small model, unless
the settings ask for plans or there are tools to call: a 1.5B model's plans said the statement again, at a third of a
hypothesis' time, and their checks were copied from the guide's examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import GenericAlias
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.prompt import one_of, render
from agents.reviews import revision, words
from agents.run import Run
from agents.serving import in_parallel
from agents.state import Lane, Update
from agents.verifiers.best_of_n import best_of_n
from pelagos.errors import BadReply
from pelagos.nouns import Hypothesis, Plan, Step
from pelagos.quoting import data, line
from tools.opening import opening
from tools.toolchain import Tool

TEMPLATE = Path(__file__).with_suffix(".j2")
PLANS, PLANS_SMALL = 2, 1
MOST_STEPS = 6
MOST_STEPS_SMALL = 2  # a model that isn't strong fills whatever room there is, saying one step over and over


class DraftStep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=3, max_length=3000)
    check: str = Field("", max_length=3000)


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[DraftStep] = Field(min_length=1, max_length=MOST_STEPS)


def plan(state: Lane, run: Run) -> Update:
    hypothesis = run.noun(Hypothesis, state["hypothesis"])
    wanted = _wanted(run)
    drafts = in_parallel(max(1, wanted), lambda index: _draft(hypothesis, index, run), range(wanted))
    if wanted and not any(drafts):
        run.say(f"{hypothesis.id}: no plan from the planner, its statement is the plan")
    plans = _distinct([draft for draft in drafts if draft]) or [[Step(text=hypothesis.statement)]]
    return {"plans": _rank(hypothesis, plans, run)}


def _wanted(run: Run) -> int:
    """Plans to ask for."""
    small = PLANS_SMALL if run.toolchain.tools(run.task) else 0
    return run.settings.loop.plans or (PLANS if run.model("planner").strong else small)


def _draft(hypothesis: Hypothesis, index: int, run: Run) -> list[Step] | None:
    brief, tools = run.toolchain.brief(run.task, run), run.toolchain.tools(run.task)
    mind = run.model("planner")
    most = MOST_STEPS if mind.strong else MOST_STEPS_SMALL
    prompt = render(
        TEMPLATE,
        opening=opening(brief, run.task.metric),
        brief=brief,
        material=run.toolchain.material(run.task, hypothesis.target, run),
        hypothesis=hypothesis,
        tools=tools,
        most=most,
        strong=mind.strong,
        note=words(run.ledger, hypothesis.id),
    )
    try:
        draft = mind.ask_json(prompt, _schema(tools, most), sample=index, max_tokens=150 * most)
    except BadReply as error:
        run.say(f"{hypothesis.id}: plan {index + 1} not in the reply: {error}")
        return None
    return [Step(**step.model_dump()) for step in draft.steps]


def _schema(tools: Sequence[Tool], most: int) -> type[Draft]:
    """At most `most` steps. With tools, every step is a call of one of them."""
    step: type[DraftStep] = _calling(tools) if tools else DraftStep
    steps: dict[str, Any] = {"steps": (GenericAlias(list, (step,)), Field(min_length=1, max_length=most))}
    return create_model("Draft", __base__=Draft, **steps)


def _calling(tools: Sequence[Tool]) -> type[DraftStep]:
    call_fields: dict[str, Any] = {
        "tool": (one_of([tool.name for tool in tools]), ...),
        "arguments": (dict[str, Any], Field(default_factory=dict)),
    }
    call = create_model("Call", __config__=ConfigDict(extra="forbid"), **call_fields)
    return create_model("ToolStep", __base__=DraftStep, call=(call, ...))


def _distinct(plans: list[list[Step]]) -> list[list[Step]]:
    return list({repr(steps): steps for steps in plans}.values())


def _rank(hypothesis: Hypothesis, plans: list[list[Step]], run: Run) -> list[str]:
    """Records every plan with its raw scores; returns the ids of the best. One plan alone isn't scored."""
    anew = revision(run.ledger, hypothesis.id)
    ids = [f"{hypothesis.id}{f'-r{anew}' if anew else ''}-p{index}" for index in range(1, len(plans) + 1)]
    if len(plans) == 1:
        run.record(Plan(id=ids[0], hypothesis=hypothesis.id, steps=plans[0], revision=anew))
        return ids
    ranked = best_of_n(_problem(hypothesis, run), [[_told(step) for step in steps] for steps in plans], run.verifier)
    for one in sorted(ranked):
        steps = plans[one.place]
        run.record(
            Plan(
                id=ids[one.place],
                hypothesis=hypothesis.id,
                steps=steps,
                step_scores=one.raw.scores,
                score=one.score,
                revision=anew,
            )
        )
    return [ids[one.place] for one in ranked[: run.settings.loop.plans_kept]]


def _told(step: Step) -> str:
    called = f" [{step.call}]" if step.call else ""
    return f"{step.text}{called}{f' (check: {step.check})' if step.check else ''}"


def _problem(hypothesis: Hypothesis, run: Run) -> str:
    brief = run.toolchain.brief(run.task, run)
    material = run.toolchain.material(run.task, hypothesis.target, run)
    return (
        f"Task: {brief.topic}\n{brief.description}\n\nWhat the hypothesis is about ({hypothesis.target}):\n"
        f"{data(material)}\n\nHypothesis: {line(hypothesis.title)}\n{line(hypothesis.statement, 600)}"
    )
