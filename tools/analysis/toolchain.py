"""The analysis toolchain: from a table of samples and features to hypotheses that hold on samples kept apart.

Satisfies tools.toolchain.Toolchain and Proposing. What each part does is in the folders beside; here they are joined.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from memory.artifacts import hash_file
from memory.files.project_folder import project_folder
from memory.files.project_secret import read_secret
from pelagos.errors import BadInput, EvaluationError
from pelagos.facts.checks import Pin
from pelagos.nouns import Audit, Build, Experiment, Hypothesis, Plan, Split, Step, Version
from tools.analysis.free_code.specs import with_free_code
from tools.analysis.packs.registry import as_tool, load_packs
from tools.analysis.packs.spec import ToolSet
from tools.analysis.packs.trial import try_tools
from tools.analysis.planning.data_view import DataView, view_data
from tools.analysis.planning.objectives import enumerate_objectives
from tools.analysis.planning.proposals import propose_hypothesis
from tools.analysis.planning.records import Objective
from tools.analysis.planning.study import DISCOVERY, Study
from tools.analysis.report.contents import compose_section
from tools.analysis.task.analysis_task import AnalysisTask, load_task
from tools.analysis.task.splits import (
    count_kept,
    holds_sealed_samples,
    identify_samples,
    keeps_samples_apart,
    make_splits,
)
from tools.analysis.task.task_data import open_task_data
from tools.analysis.trials.audit.audit import audit_version
from tools.analysis.trials.build import build_version, list_plans, load_implications
from tools.analysis.trials.experiment import BASELINE, run_trial
from tools.analysis.trials.results import weigh_results
from tools.evidence import Evidence
from tools.functions.drop_ins import find_name_clashes
from tools.opening import opening
from tools.toolchain import Briefing, Context, Section, Tool, Toolchain

STEP_GUIDE = "Every step calls one tool and says what the call should show."


@dataclass(frozen=True)
class Prepared:
    """A task's tools and splits, which are the same for every call on it in one project."""

    task: AnalysisTask
    specs: ToolSet
    splits: Mapping[str, Path]
    digests: Mapping[str, str]

    @cached_property
    def view(self) -> DataView:
        return view_data(self.splits[DISCOVERY], self.task.design)

    @cached_property
    def apart(self) -> bool:
        obs, design = open_task_data(self.task).obs, self.task.design
        return keeps_samples_apart(obs, design) and holds_sealed_samples(self.splits)

    @cached_property
    def objectives(self) -> list[Objective]:
        return enumerate_objectives(self.task.design, self.view, self.specs, self.task.gene_sets is not None)

    def study(self, context: Context) -> Study:
        return Study(self.task, self.specs, self.splits, self.digests, self.view, context, self.apart)


class AnalysisToolchain:
    """Holds nothing that must survive: only what was prepared of the tasks that it was asked about."""

    name = "analysis"

    def __init__(self) -> None:
        self._prepared: dict[tuple[str, Path, tuple[Path, ...]], Prepared] = {}
        self._lock, self._proposing = threading.Lock(), threading.Lock()

    def load(self, folder: Path) -> AnalysisTask:
        task = load_task(folder)
        _load_tools(task)
        return task

    def extend(self, task: AnalysisTask, tools: Sequence[Path]) -> AnalysisTask:
        clashes = find_name_clashes([*task.packs, *(path.stem for path in task.tools)], tools, task.name)
        own, added = load_packs(task.packs, task.tools), load_packs([], tools)
        clashes += [
            f"tools: '{spec.source.root.name}': its tool '{name}' is one of task {task.name} as well; rename it"
            for name, spec in added.items()
            if name in own
        ]
        if clashes:
            raise BadInput(*clashes)
        return replace(task, added=tuple(tools))

    def uses(self, task: AnalysisTask, content: str, context: Context) -> list[str]:
        """Whole packs: a plan that is refined while it runs may call any tool of them."""
        return [path.name for path in task.added]

    def prepare(self, task: AnalysisTask, context: Context) -> None:
        """Make the splits and pin them. Raises EvaluationError where they changed since the run began."""
        prepared = self._prepare(task, context)
        for split, digest in prepared.digests.items():
            pinned = context.steps.ledger.record(Pin(digest=digest), split).digest
            if pinned != digest:
                raise EvaluationError(f"data of {split} changed: {digest[:12]}, pinned {str(pinned)[:12]}", "tampered")
        if kept := count_kept(prepared.splits):
            context.say(f"{kept} samples keep the part that this project gave them before")
        for fault in prepared.specs.faults:
            context.say(f"left out: {fault}")

    def brief(self, task: AnalysisTask, context: Context) -> Briefing:
        prepared = self._prepare(task, context)
        return Briefing(
            topic=task.topic,
            description=task.description,
            targets={objective.id: objective.question for objective in prepared.objectives},
            overview=_outline(prepared),
            step_guide=STEP_GUIDE,
        )

    def material(self, task: AnalysisTask, target: str, context: Context) -> str:
        prepared = self._prepare(task, context)
        objective = next((each for each in prepared.objectives if each.id == target), None)
        if objective is None:
            return target
        tests = [spec for spec in prepared.specs.values() if spec.tests and spec.relation == objective.relation]
        return "\n".join([objective.question, *(f"{spec.name}: {spec.summary}" for spec in tests)])

    def tools(self, task: AnalysisTask) -> Sequence[Tool]:
        return [as_tool(spec) for spec in _load_tools(task).values()]

    def baseline(self, task: AnalysisTask, context: Context) -> Version:
        content = context.artifacts.put_json([])
        return Version(id=BASELINE, hypothesis=None, plan=None, content=content, summary="the data as they are")

    def propose(self, task: AnalysisTask, id: str, context: Context) -> Hypothesis | None:
        prepared = self._prepare(task, context)
        words = opening(self.brief(task, context), task.metric)
        with self._proposing:  # two lanes must not propose the same finding
            return propose_hypothesis(id, prepared.objectives, prepared.study(context), words)

    def plans(self, task: AnalysisTask, hypothesis: Hypothesis, count: int, context: Context) -> list[list[Step]]:
        return list_plans(hypothesis, count, self._study(task, context))

    def build(self, task: AnalysisTask, hypothesis: Hypothesis, plan: Plan, context: Context) -> Build:
        return build_version(hypothesis, plan, self._study(task, context))

    def experiment(self, task: AnalysisTask, version: Version, seed: int, split: Split, context: Context) -> Experiment:
        return run_trial(version, seed, split, self._study(task, context))

    def evidence(
        self,
        task: AnalysisTask,
        experiments: Sequence[Experiment],
        compared: Sequence[Experiment],
        confidence: float,
        context: Context,
    ) -> Evidence:
        """The metric's null is 0 by definition, so `compared`, the data as they are, have no part in it. The interval
        is that of the tools, 95 %, whatever `confidence` says."""
        return weigh_results(experiments, context)

    def audit(self, task: AnalysisTask, version: Version, context: Context) -> Audit:
        study, objectives = self._study(task, context), self._prepare(task, context).objectives
        experiments = [run_trial(version, seed, "validation", study) for seed in task.seeds]
        return audit_version(version, experiments, objectives, study)

    def sealed_data(self, task: AnalysisTask, context: Context) -> str:
        return identify_samples(self._prepare(task, context).splits)

    def diff(self, task: AnalysisTask, version: Version, context: Context) -> str:
        if version.id == BASELINE:
            return ""
        lines: list[str] = []
        for each in load_implications(version, self._study(task, context)):
            calls = [f"{call['tool']}({_list_arguments(call['arguments'])})" for call in each.calls]
            lines += [f"{'!' if each.required else '+'} {each.text}", *(f"    {call}" for call in calls)]
        return "\n".join(lines)

    def section(self, task: AnalysisTask, context: Context) -> Section:
        return compose_section(task, with_free_code(_load_tools(task)), context)

    def _study(self, task: AnalysisTask, context: Context) -> Study:
        return self._prepare(task, context).study(context)

    def _prepare(self, task: AnalysisTask, context: Context) -> Prepared:
        with self._lock:
            place = (task.digest, context.project, task.added)
            if place not in self._prepared:
                folder = project_folder(context.project) / "data" / task.digest[:32]
                splits = make_splits(task, read_secret(context.project), folder)
                digests = {name: hash_file(path) for name, path in splits.items()}
                specs = with_free_code(try_tools(_load_tools(task), task.packs, task.drop_ins, context))
                self._prepared[place] = Prepared(task, specs, splits, digests)
            return self._prepared[place]


def _load_tools(task: AnalysisTask) -> ToolSet:
    return load_packs(task.packs, task.drop_ins)


def _list_arguments(arguments: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _outline(prepared: Prepared) -> str:
    """Return the first look at the discovery samples, a line each."""
    view, design = prepared.view, prepared.task.design
    lines = [
        f"{view.samples} discovery samples of {len(view.features)} features, {view.missing:.0%} missing; "
        f"states: {', '.join(sorted(view.states)) or 'none'}"
    ]
    if design.group:
        lines.append(f"groups ({design.group}): {design.case} against {design.control}")
    for batch, counts in view.groups.items():
        where = f"{design.batch} {batch}" if batch else "all samples"
        lines.append(f"{where}: {', '.join(f'{count} {level}' for level, count in counts.items())}")
    lines += [f"{key}: {column}" for key, column in design.columns if key not in ("group", "batch")]
    return "\n".join([*lines, *design.guesses])


if TYPE_CHECKING:
    _whole: Toolchain[AnalysisTask] = AnalysisToolchain()
