"""Plan: asks for plans of the hypothesis in progress and chooses the best by the verifier's scores of their steps.

A step is text; if the toolchain offers typed tools, a step is a call of one. A step may also call a tool from outside
(`agents/consulting`), which looks something up. All plans and raw step scores are
recorded, so that another aggregation can be replayed. If no reply fits, the plan is one step, the hypothesis' own
statement, and a note says so. A small model isn't asked, and the statement is the plan, unless the settings ask for
plans or there are tools to call: a 1.5B model's plans repeated the statement, at a third of a hypothesis' time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import GenericAlias
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.consulting.offer import choose_calls, list_offered, make_call_type
from agents.literature.skills import offer_skills
from agents.review.decisions import count_revisions, join_notes
from agents.run import Run
from agents.state import Lane, Update
from agents.verifiers.advice import afford_votes, is_asked, rank_if_possible
from agents.verifiers.protocol import Solution
from agents.verifiers.ranking import Ranked
from pelagos.errors import BadReply
from pelagos.facts.fact import Cost
from pelagos.facts.ideas import PlanRanking
from pelagos.facts.work import Intent
from pelagos.nouns import Hypothesis, Plan, Step
from pelagos.quoting import quote_data, quote_line
from tools.abilities import Proposing
from tools.opening import opening
from tools.prompt import render
from tools.toolchain import Briefing

TEMPLATE = Path(__file__).with_suffix(".j2")
PLANS, PLANS_SMALL = 2, 1
MAX_STEPS = 6
MAX_STEPS_SMALL = 2  # a model that isn't strong fills whatever room there is with repetitions of one step


class DraftStep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=3, max_length=3000)


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[DraftStep] = Field(min_length=1, max_length=MAX_STEPS)


def plan(state: Lane, run: Run) -> Update:
    hypothesis = run.noun(Hypothesis, state["hypothesis"])
    if isinstance(run.toolchain, Proposing):
        count = run.settings.loop.plans or PLANS
        calls = choose_calls(hypothesis, list_offered(run), run)
        written = run.toolchain.plans(run.task, hypothesis, count, run)
        return {"plans": _rank(hypothesis, [[*calls, *steps] for steps in written], run)}
    count, plans = _count_plans(run), list[list[Step]]()
    for index in range(count):  # one after the other: each is told those before it
        draft = _draft_plan(hypothesis, index, plans, run)
        if draft and draft not in plans:
            plans.append(draft)
    if count and not plans:
        run.say(f"{hypothesis.id}: no plan from the planner, its statement is the plan")
    return {"plans": _rank(hypothesis, plans or [[Step(text=hypothesis.statement)]], run)}


def _count_plans(run: Run) -> int:
    """Return how many plans to ask for: none for a version that was handed in."""
    if run.submission is not None:
        return 0
    small = PLANS_SMALL if run.toolchain.tools(run.task) or list_offered(run) else 0
    return run.settings.loop.plans or (PLANS if run.model("planner").strong else small)


def _draft_plan(hypothesis: Hypothesis, index: int, earlier: Sequence[Sequence[Step]], run: Run) -> list[Step] | None:
    """Ask for one plan that differs in kind from the earlier ones. Returns None, and notes it, if no reply fits."""
    brief, tools = run.toolchain.brief(run.task, run), run.toolchain.tools(run.task)
    model, external = run.model("planner"), list_offered(run)
    max_steps = MAX_STEPS if model.strong else MAX_STEPS_SMALL
    prompt = render(
        TEMPLATE,
        opening=opening(brief, run.task.metric),
        brief=brief,
        material=run.toolchain.material(run.task, hypothesis.target, run),
        hypothesis=hypothesis,
        tools=tools,
        external=external,
        most=run.external.calls,
        max_steps=max_steps,
        strong=model.strong,
        note=join_notes(run.ledger, hypothesis.id),
        skills=offer_skills(hypothesis, run),
        earlier=["\n".join(_describe_step(step) for step in steps) for steps in earlier],
    )
    schema = _make_schema(tuple(tool.name for tool in tools), tuple(tool.name for tool in external), max_steps)
    try:
        draft = model.ask_json(prompt, schema, sample=index, max_tokens=150 * max_steps)
    except BadReply as error:
        run.say(f"{hypothesis.id}: plan {index + 1} not in the reply: {error}")
        return None
    return [Step(**step.model_dump()) for step in draft.steps]


@lru_cache(maxsize=16)
def _make_schema(tools: tuple[str, ...], external: tuple[str, ...], max_steps: int) -> type[Draft]:
    """Return the schema of the reply. `tools` are names; if there are any, every step is a call of one of them, or of
    one of the `external`; else a step may call one of these. Cached for the reason that `ideate` gives."""
    step: type[DraftStep] = _make_call_step((*tools, *external), bool(tools)) if tools or external else DraftStep
    steps: dict[str, Any] = {"steps": (GenericAlias(list, (step,)), Field(min_length=1, max_length=max_steps))}
    return create_model("Draft", __base__=Draft, **steps)


def _make_call_step(tools: tuple[str, ...], always: bool) -> type[DraftStep]:
    call = make_call_type(tools)
    fields: dict[str, Any] = {"call": (call, ...) if always else (call | None, None)}
    return create_model("ToolStep", __base__=DraftStep, **fields)


def _rank(hypothesis: Hypothesis, plans: list[list[Step]], run: Run) -> list[str]:
    """Record every plan, with its raw step scores if it was scored; return the ids of the best. One plan alone isn't
    scored.

    The ranking is a fact before a plan is: how many votes it buys depends on what was spent before, so a resumed run
    could rank anew otherwise, and take another plan than the scores on record say.
    """
    revision = count_revisions(run.ledger, hypothesis.id)
    suffix = f"-r{revision}" if revision else ""
    proposed = [
        Plan(id=f"{hypothesis.id}{suffix}-p{number}", hypothesis=hypothesis.id, steps=steps, revision=revision)
        for number, steps in enumerate(plans, 1)
    ]
    ranking = PlanRanking(plans=proposed, order=[plan.id for plan in proposed])
    if is_asked(run.verifier, proposed):
        key, intent = f"{hypothesis.id}{suffix}", Intent(hypothesis=hypothesis.id)
        ranking = run.steps.made(PlanRanking, key, intent, Cost(), lambda: _score(hypothesis, ranking, run))
    for plan in ranking.plans:
        run.record(plan)
    return ranking.order[: run.settings.loop.plans_kept]


def _score(hypothesis: Hypothesis, proposed: PlanRanking, run: Run) -> tuple[PlanRanking, Cost]:
    """Return the plans with their scores, best first in `order`, and what that costs beside recorded calls. Where the
    verifier fails, they are as they were proposed."""
    problem, plans = _describe_problem(hypothesis, run), proposed.plans
    solutions = [Solution(problem, tuple(map(_describe_step, plan.steps))) for plan in plans]
    verifier = afford_votes(run.verifier, solutions, run.affordable_tokens())
    ranked = rank_if_possible(solutions, verifier, lambda text: run.say(f"{hypothesis.id}: plans: {text}"))
    if ranked is None:
        return proposed, Cost()
    scored = [plans[each.place].model_copy(update=_collect_scores(each, verifier.name)) for each in ranked]
    by_id = {plan.id: plan for plan in scored}
    cost = Cost(tokens=sum(each.raw.usage.unrecorded for each in ranked))
    return PlanRanking(plans=[by_id[plan.id] for plan in plans], order=list(by_id)), cost


def _collect_scores(candidate: Ranked, verifier: str) -> dict[str, Any]:
    raw = candidate.raw
    return {
        "step_scores": raw.scores,
        "score": candidate.score,
        "verifier": verifier,
        "step_reasons": list(raw.reasons),
        "scoring_tokens": raw.usage.tokens,
    }


def _describe_step(step: Step) -> str:
    return f"{step.text} [{step.call}]" if step.call else step.text


def _describe_problem(hypothesis: Hypothesis, run: Run) -> str:
    brief = run.toolchain.brief(run.task, run)
    return describe_problem(hypothesis, brief, run.toolchain.material(run.task, hypothesis.target, run))


def describe_problem(hypothesis: Hypothesis, brief: Briefing, material: str) -> str:
    """The problem that a verifier reads before a plan's steps; `material` is the toolchain's on the target."""
    return (
        f"Task: {brief.topic}\n{brief.description}\n\nWhat the hypothesis is about ({hypothesis.target}):\n"
        f"{quote_data(material)}\n\nHypothesis: {quote_line(hypothesis.title)}\n{quote_line(hypothesis.statement, 600)}"
    )
