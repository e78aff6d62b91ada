"""Build: each plan of the hypothesis becomes a version that runs, or there is a reason why it didn't.

What goes wrong with a task's code or a model's answer is data and stays in the lane; what the sandbox spoils is tried
again. Doesn't judge.
"""

from __future__ import annotations

from agents.adopting import adopt
from agents.reviews import words
from agents.run import Run
from agents.state import Lane, Update
from memory.keys import step_key
from pelagos.errors import BadReply
from pelagos.nouns import Build, Hypothesis, Plan, Version


def build(state: Lane, run: Run) -> Update:
    """The plans' builds, each made once; their versions are due on the first look's seeds, as far as these weren't run:
    by an earlier run, of the same program."""
    built = [_built(run.noun(Plan, plan), run) for plan in state["plans"]]
    versions = [made.version for made in built if made.version]
    for version in versions:
        adopt(run.noun(Version, version), run)
    due = {version: _lacking(version, run) for version in versions}
    return {"due": {version: seeds for version, seeds in due.items() if seeds}}


def _lacking(version: str, run: Run) -> list[int]:
    taken = {one.seed for one in run.validation().get(version, ()) if one.taken}
    return [seed for seed in list(run.task.seeds)[: run.settings.judge.min_seeds] if seed not in taken]


def _built(plan: Plan, run: Run) -> Build:
    made = (run.noun(Build, build) for build in run.tally.builds.get(plan.hypothesis, ()))
    return next((found for found in made if found.plan == plan.id), None) or _make(plan, run)


def _make(plan: Plan, run: Run) -> Build:
    hypothesis = run.noun(Hypothesis, plan.hypothesis)
    try:
        noted = plan.model_copy(update={"note": words(run.ledger, hypothesis.id)})
        made = run.steps.tried("build", plan.id, lambda: run.toolchain.build(run.task, hypothesis, noted, run))
    except BadReply as error:
        cause = "reply"
        run.say(f"{plan.id}: no version: {error}")
        made = Build(
            id=step_key(plan=plan.id, cause=cause), hypothesis=hypothesis.id, plan=plan.id, version=None, cause=cause
        )
    run.record(made)
    return made
