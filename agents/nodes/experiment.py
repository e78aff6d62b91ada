"""One plan's branch: build a version that runs, then run it on paired seeds beside the baseline.

What goes wrong with a task's code or a model's answer is data and stays in the branch. Doesn't judge.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from agents.run import Run
from agents.state import Branch, Update
from memory.keys import step_key
from pelagos.errors import BadReply, SandboxError
from pelagos.nouns import Build, Hypothesis, Plan, Version


def build(branch: Branch, run: Run) -> Update:
    """The plan's build, made once; its version and the first look's seeds go on."""
    plan = run.noun(Plan, branch["plan"])
    made = next((found for found in run.nouns(Build) if found.plan == plan.id), None) or _make(plan, run)
    seeds = list(run.task.seeds)[: run.settings.judge.min_seeds]
    return {"builds": [made.id], "version": made.version or "", "seeds": seeds if made.version else []}


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


def seeds(branch: Branch, run: Run) -> Update:
    """The branch's seeds on the validation split, for its version and, where one is missing, for the baseline."""
    version, base = run.noun(Version, branch["version"]), run.baseline()
    pairs = [(which, seed) for seed in branch["seeds"] for which in (base, version)]
    with ThreadPoolExecutor(run.workers) as pool:
        list(pool.map(lambda pair: run.toolchain.experiment(run.task, pair[0], pair[1], "validation", run), pairs))
    return {}
