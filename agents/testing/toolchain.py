"""The conformance check of a toolchain: what the graph asks of it, asked in the graph's order on a task of its own."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.testing.context import ScriptedContext
from agents.testing.findings import Findings
from agents.testing.optional import find_optional_misfits
from agents.testing.scripted_model import ScriptedModel
from pelagos.errors import BadInput
from pelagos.nouns import Audit, Build, Experiment, Hypothesis, OutcomeKind, Plan, Step, Version
from pelagos.protocols import find_misfits
from sandbox.protocol import Sandbox
from tools import abilities
from tools import toolchain as protocols
from tools.abilities import Proposing
from tools.evidence import Evidence
from tools.toolchain import Briefing, Section, Task, Toolchain

MOST_TARGETS = 5


@dataclass
class Subject:
    """What is checked: a toolchain with one of its tasks."""

    chain: Any
    task: Any
    context: ScriptedContext
    findings: Findings


def check_toolchain(
    kind: Callable[[], Any], folder: Path, model: ScriptedModel | None = None, sandbox: Sandbox | None = None
) -> list[str]:
    """Return what to mend of the toolchain that `kind()` makes. `folder` holds a sound, small task: its baseline is run
    with every seed. `model` answers whatever the toolchain asks models for."""
    findings, chain = Findings(), None
    with findings.step("making the toolchain"):
        chain = kind()
    if findings.lines:
        return findings.lines
    findings.lines += find_misfits(chain, Toolchain) + find_optional_misfits(chain, abilities, Toolchain)
    task = _load(chain, folder, findings) if not findings.lines else None
    if task is None or findings.lines:
        return findings.lines
    with ExitStack() as stack:
        project = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pelagos-check")))
        context = stack.enter_context(ScriptedContext(project, model, sandbox))
        _check_work(Subject(chain, task, context, findings))
    return findings.lines


def _load(chain: Any, folder: Path, findings: Findings) -> Any:
    """Load the task twice, and a folder without one. None where the task can't be loaded."""
    task = None
    with findings.step(f"load({folder.name!r})"):
        task = chain.load(folder)
        findings.lines += [f"the task {line}" for line in find_misfits(task, Task)]
    if task is None or findings.lines:
        return None
    findings.lines += [f"the task: {line}" for line in find_optional_misfits(task, protocols, Task)]
    findings.demand(task.toolchain == chain.name, f"the task's toolchain is {task.toolchain!r}; it is {chain.name!r}")
    seeds = list(task.seeds)
    findings.demand(bool(seeds) and len(set(seeds)) == len(seeds), f"the task's seeds are {seeds}; name each once")
    with findings.step("a second load"):
        findings.demand(chain.load(folder).digest == task.digest, "the task's digest differs when it is loaded again")
    with tempfile.TemporaryDirectory() as empty:
        try:
            chain.load(Path(empty))
            findings.add("load takes a folder without a task; raise BadInput with a line that says what is missing")
        except BadInput:
            pass
        except Exception as error:  # others' code
            findings.add(f"load of a folder without a task raises {type(error).__name__}; raise BadInput")
    return task


def _check_work(subject: Subject) -> None:
    """Each step needs those before it, so the first that fails is the last."""
    for check in (_check_briefing, _check_tools, _check_experiments, _check_build, _check_section):
        if subject.findings.lines:
            return
        check(subject)


def _check_briefing(subject: Subject) -> None:
    chain, task, context, findings = subject.chain, subject.task, subject.context, subject.findings
    with findings.step("prepare"):
        chain.prepare(task, context)
        chain.prepare(task, context)  # as at resume
    with findings.step("brief"):
        brief = chain.brief(task, context)
        if not isinstance(brief, Briefing):
            findings.add(f"brief gives {type(brief).__name__}; give tools.toolchain.Briefing")
            return
        findings.demand(bool(brief.targets), "brief names no target; name at least one that a hypothesis may be about")
        for target in list(brief.targets)[:MOST_TARGETS]:
            text = chain.material(task, target, context)
            findings.demand(isinstance(text, str) and bool(text), f"material says nothing about the target {target!r}")


def _check_tools(subject: Subject) -> None:
    with subject.findings.step("tools"):
        names = [tool.name for tool in subject.chain.tools(subject.task)]
        subject.findings.demand(len(set(names)) == len(names), f"tools share a name: {', '.join(sorted(names))}")
        for tool in subject.chain.tools(subject.task):
            json.dumps(dict(tool.schema))


def _check_experiments(subject: Subject) -> None:
    chain, task, context, findings = subject.chain, subject.task, subject.context, subject.findings
    with findings.step("baseline"):
        baseline = chain.baseline(task, context)
        if not isinstance(baseline, Version):
            findings.add(f"baseline gives {type(baseline).__name__}; give pelagos.nouns.Version")
            return
        findings.demand(chain.baseline(task, context) == baseline, "baseline gives another version when asked again")
        findings.demand(baseline.hypothesis is None, "the baseline's hypothesis is not None")
        context.artifacts.get(baseline.content)
    if findings.lines:
        return
    with findings.step("experiment"):
        done = [chain.experiment(task, baseline, seed, "validation", context) for seed in task.seeds]
        for experiment in done:
            _check_experiment(experiment, baseline, findings)
        before = context.ledger.last_seq()
        again = chain.experiment(task, baseline, task.seeds[0], "validation", context)
        findings.demand(again == done[0], "an experiment differs when it is asked for again; make it by context.steps")
        findings.demand(
            context.ledger.last_seq() == before, "a finished experiment is run again; make it by context.steps.once"
        )
    if findings.lines:
        return
    with findings.step("evidence"):
        evidence = chain.evidence(task, done, done, 0.95, context)
        findings.demand(isinstance(evidence, Evidence), "evidence gives no tools.evidence.Evidence")
        findings.demand(evidence.p_value > 0.05, f"the baseline differs from itself: p = {evidence.p_value:g}")
    with findings.step("audit"):
        findings.demand(isinstance(chain.audit(task, baseline, context), Audit), "audit gives no pelagos.nouns.Audit")
    with findings.step("diff"):
        findings.demand(isinstance(chain.diff(task, baseline, context), str), "diff gives no text")


def _check_experiment(experiment: Any, version: Version, findings: Findings) -> None:
    if not isinstance(experiment, Experiment):
        findings.add(f"experiment gives {type(experiment).__name__}; give pelagos.nouns.Experiment")
        return
    owner = experiment.version
    findings.demand(owner == version.id, f"an experiment of version {version.id} says it is of {owner}")
    ended = f"the baseline's experiment with seed {experiment.seed} ends {experiment.outcome}: {experiment.cause}"
    findings.demand(experiment.outcome is OutcomeKind.OK, ended)
    if experiment.outcome is OutcomeKind.OK:
        score = experiment.score
        findings.demand(score is not None and math.isfinite(score), f"the baseline's score is {score}; give a number")


def _check_build(subject: Subject) -> None:
    """A plan that can't be carried out is data, so whatever the plan says, a Build comes back."""
    chain, task, context, findings = subject.chain, subject.task, subject.context, subject.findings
    with findings.step("build"):
        hypothesis, steps = _make_hypothesis(subject)
        if hypothesis is None:
            return
        plan = Plan(id=f"{hypothesis.id}-p1", hypothesis=hypothesis.id, steps=steps)
        built = chain.build(task, hypothesis, plan, context)
        if not isinstance(built, Build):
            findings.add(f"build gives {type(built).__name__}; give pelagos.nouns.Build, failures are data")
            return
        findings.demand(bool(built.version or built.cause), "build gives neither a version nor a cause")


def _make_hypothesis(subject: Subject) -> tuple[Hypothesis | None, list[Step]]:
    """A hypothesis about the first target with a plan of one call, or what the toolchain itself proposes."""
    chain, task, context = subject.chain, subject.task, subject.context
    if isinstance(chain, Proposing):
        proposed = chain.propose(task, "h1", context)
        return proposed, chain.plans(task, proposed, 1, context)[0] if proposed else []
    target = next(iter(chain.brief(task, context).targets))
    tools = chain.tools(task)
    call = {"tool": tools[0].name, "arguments": {}} if tools else None
    hypothesis = Hypothesis(
        id="h1", title="A change", statement=f"A change of {target} helps.", rationale="It may.", target=target,
        predicted_effect=0.1, refuted_by="no better score",
    )  # fmt: skip
    return hypothesis, [Step(text=hypothesis.statement, call=call)]


def _check_section(subject: Subject) -> None:
    before = subject.context.ledger.last_seq()
    with subject.findings.step("section"):
        section = subject.chain.section(subject.task, subject.context)
        subject.findings.demand(isinstance(section, Section), "section gives no tools.section.Section")
    subject.findings.demand(
        subject.context.ledger.last_seq() == before, "section records something; a report changes no run"
    )
