"""Build: each plan of the hypothesis becomes a version that runs, or there is a reason why it didn't.

What goes wrong with a task's code or a model's answer is data and stays in the lane. Doesn't judge.
"""

from __future__ import annotations

from agents.run import Run
from agents.state import Lane, Update
from memory.keys import step_key
from pelagos.errors import BadReply, SandboxError
from pelagos.nouns import Build, Hypothesis, Plan


def build(state: Lane, run: Run) -> Update:
    """The plans' builds, each made once; their versions are due on the first look's seeds."""
    built = [_built(run.noun(Plan, plan), run) for plan in state["plans"]]
    seeds = list(run.task.seeds)[: run.settings.judge.min_seeds]
    return {"due": {made.version: seeds for made in built if made.version}}


def _built(plan: Plan, run: Run) -> Build:
    made = (run.noun(Build, build) for build in run.tally.builds.get(plan.hypothesis, ()))
    return next((found for found in made if found.plan == plan.id), None) or _make(plan, run)


def _make(plan: Plan, run: Run) -> Build:
    hypothesis = run.noun(Hypothesis, plan.hypothesis)
    try:
        made = run.toolchain.build(run.task, hypothesis, plan, run)
    except (BadReply, SandboxError) as error:
        cause = "reply" if isinstance(error, BadReply) else "sandbox"
        run.say(f"{plan.id}: no version: {error}")
        made = Build(
            id=step_key(plan=plan.id, cause=cause), hypothesis=hypothesis.id, plan=plan.id, version=None, cause=cause
        )
    run.record(made)
    return made
