"""Build: makes a version that runs of each plan of the hypothesis, or records why that failed.

A fault in the task's code or in a model's answer is data and stays in the lane; a build that the sandbox spoiled is
tried again. Doesn't judge.
"""

from __future__ import annotations

from agents.consulting.consult import consult
from agents.consulting.reading import read_answers
from agents.consulting.steps import list_own_steps
from agents.lessons.prior_evidence import adopt_evidence
from agents.literature.knowhow import choose_knowhow
from agents.review.decisions import join_notes
from agents.run import Run
from agents.state import Lane, Update
from memory.ledger.keys import step_key
from pelagos.errors import BadReply
from pelagos.nouns import Build, Experiment, Hypothesis, Plan, Version
from tools.abilities import Accepting
from tools.paired.seed_dependence import ignores_seed


def build(state: Lane, run: Run) -> Update:
    """Build each plan once. The versions are due on the seeds of the first look, without those that an earlier run
    executed with the same program."""
    builds = [_find_or_make_build(run.noun(Plan, plan), run) for plan in state["plans"]]
    versions = [build.version for build in builds if build.version]
    for version in versions:
        adopt_evidence(run.noun(Version, version), run)
        _assess_adopted(version, run)
    due = {version: _list_due_seeds(version, run) for version in versions}
    return {"due": {version: seeds for version, seeds in due.items() if seeds}}


def _assess_adopted(version: str, run: Run) -> None:
    """Assess a version that has run already, since it may have no seeds due, and so no experiment node after it."""
    if run.tally.validation.get(version):
        run.fidelity(run.noun(Version, version))


def _list_due_seeds(version: str, run: Run) -> list[int]:
    """Return the first look's seeds that weren't adopted: only two if all seeds give the same baseline. If the version
    differs between them, judge asks for more."""
    refs = run.tally.validation
    adopted = {ref.seed for ref in refs.get(version, ()) if ref.adopted}
    baseline = [run.noun(Experiment, ref.id) for ref in refs.get(run.baseline().id, ())]
    count = 2 if ignores_seed(baseline) else run.settings.judge.min_seeds
    return [seed for seed in list(run.task.seeds)[:count] if seed not in adopted]


def _find_or_make_build(plan: Plan, run: Run) -> Build:
    builds = (run.noun(Build, build) for build in run.tally.builds.get(plan.hypothesis, ()))
    return next((build for build in builds if build.plan == plan.id), None) or _make_build(plan, run)


def _make_build(plan: Plan, run: Run) -> Build:
    """Build the plan and record the build. A reply of no use gives a build without a version. What the plan looks up
    outside is handed on beside the steps that remain."""
    hypothesis = run.noun(Hypothesis, plan.hypothesis)
    try:
        observations = consult(plan, run)
        read_answers(hypothesis, observations, run)
        advice = {
            "note": join_notes(run.ledger, hypothesis.id),
            "knowhow": choose_knowhow(hypothesis, run),
            "steps": list_own_steps(plan.steps, hypothesis.statement),
            "observations": observations,
        }
        advised = plan.model_copy(update=advice)
        build = run.steps.retry("build", plan.id, lambda: _ask_toolchain(hypothesis, advised, run))
    except BadReply as error:
        cause = "reply"
        run.say(f"{plan.id}: no version: {error}")
        build = Build(
            id=step_key(plan=plan.id, cause=cause), hypothesis=hypothesis.id, plan=plan.id, version=None, cause=cause
        )
    run.record(build)
    return build


def _ask_toolchain(hypothesis: Hypothesis, plan: Plan, run: Run) -> Build:
    """Return the build of the plan, or of the version that was handed in."""
    if run.submission is not None and isinstance(run.toolchain, Accepting):
        return run.toolchain.adopt(run.task, hypothesis, plan, run.submission.content, run)
    return run.toolchain.build(run.task, hypothesis, plan, run)
