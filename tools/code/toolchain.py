"""The code toolchain (Dolphin's experiment part): a plan becomes an edit of a small program, executed and scored.

Satisfies tools.toolchain.Toolchain. What each part does is in the modules of this folder; here they are only joined.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from memory.files.project_folder import SECRET_FILE, project_folder
from memory.files.project_secret import has_secret
from pelagos.errors import BadInput
from pelagos.nouns import Audit, Build, Experiment, Hypothesis, Plan, Signature, Split, Version
from pelagos.settings import Loop, Settings
from tools.abilities import Given
from tools.code.audit.controls import control_data
from tools.code.audit.inspection import audit_sealed_version, audit_version
from tools.code.behaviour.signature import measure_signature
from tools.code.coding import call_signatures, observed_calls, prompts
from tools.code.coding.build import build
from tools.code.coding.candidates import CandidateRunner
from tools.code.coding.plan_steps import STEP_GUIDE
from tools.code.coding.structure import format_neighbours
from tools.code.coding.submission import build_submission, read_submission
from tools.code.execution import smoke
from tools.code.execution.experiments import PINNED, pin_baseline, pin_data, run_experiment
from tools.code.execution.pack_trial import find_usable_functions
from tools.code.execution.smoke import BaselineProfile, SmokeResult
from tools.code.matched.matched_baseline import VersionRunner, build_matched_baseline
from tools.code.program import program, versions
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask, load_task
from tools.code.task.data import SplitData, TaskData, prepare_data
from tools.evidence import Evidence
from tools.functions.drop_ins import find_imported, find_name_clashes
from tools.functions.packs import describe_packs, list_functions
from tools.opening import opening
from tools.paired.compare import compare
from tools.toolchain import Briefing, Context, Section, Tool, Toolchain


class CodeToolchain:
    """Holds nothing that must survive: only its settings and the verified data of the tasks it was asked about."""

    name = "code"

    def __init__(self, loop: Loop | None = None) -> None:
        self.loop, self.drafts = loop or Loop(), 1
        self._data: dict[tuple[str, Path], TaskData] = {}
        self._lock = threading.Lock()

    def configure(self, settings: Settings) -> None:
        self.loop, self.drafts = settings.loop, settings.verifiers.drafts

    def load(self, folder: Path) -> CodeTask:
        return load_task(folder)

    def extend(self, task: CodeTask, tools: Sequence[Path]) -> CodeTask:
        if clashes := find_name_clashes(task.pack_names, tools, task.name):
            raise BadInput(*clashes)
        return replace(task, added=tuple(tools))

    def uses(self, task: CodeTask, content: str, context: Context) -> list[str]:
        program = Program.load(context.artifacts, content)
        return list(find_imported("\n".join(program.files.values()), task.added))

    def prepare(self, task: CodeTask, context: Context) -> None:
        if context.steps.ledger.find(PINNED, "validation") and not has_secret(context.project):
            place = project_folder(context.project) / SECRET_FILE
            raise BadInput(f"{place}: is gone, and with it this run's data: put it back, or start a new run")
        pin_data(task, self._prepared(task, context).splits, context)
        find_usable_functions(task, context)

    def brief(self, task: CodeTask, context: Context) -> Briefing:
        source, known = versions.load_original(task), self._known(task, context)
        offered = find_usable_functions(task, context)
        return Briefing(
            topic=task.topic,
            description=task.description,
            targets=program.find_targets(source),
            overview=_join_parts(list_functions(offered), prompts.outline(source, known.functions)),
            step_guide=STEP_GUIDE,
        )

    def material(self, task: CodeTask, target: str, context: Context) -> str:
        source, known = versions.load_original(task), self._known(task, context)
        if source.node(target) is None:
            offered = ", ".join(program.find_targets(source))
            raise BadInput(f"target {target!r}: not in the program; one of {offered}")
        whole = f"# {target}\n{source.source(target)}"
        called = call_signatures.format_signatures(whole, known.libraries.get(target.partition("::")[0], {}))
        parts = (
            whole,
            observed_calls.format_shapes(target, known.functions),
            called,
            format_neighbours(source, target),
        )
        return _join_parts(*parts)

    def tools(self, task: CodeTask) -> Sequence[Tool]:
        return ()

    def baseline(self, task: CodeTask, context: Context) -> Version:
        version = versions.record_baseline(task, context)
        pin_baseline(version.content, context)
        return version

    def build(self, task: CodeTask, hypothesis: Hypothesis, plan: Plan, context: Context) -> Build:
        if versions.load_original(task).node(hypothesis.target) is None:
            raise BadInput(f"hypothesis {hypothesis.id}: target {hypothesis.target!r} is not in the program")
        trials = self._trials(task, hypothesis, plan, context)
        return build(trials, opening(self.brief(task, context), task.metric), self.loop.tries, self.drafts)

    def accept(self, task: CodeTask, source: Path) -> Given:
        return read_submission(task, source)

    def adopt(self, task: CodeTask, hypothesis: Hypothesis, plan: Plan, content: str, context: Context) -> Build:
        return build_submission(self._trials(task, hypothesis, plan, context), content)

    def experiment(self, task: CodeTask, version: Version, seed: int, split: Split, context: Context) -> Experiment:
        return run_experiment(task, version, seed, split, self._shown(task, split, context), context)

    def evidence(
        self,
        task: CodeTask,
        experiments: Sequence[Experiment],
        compared: Sequence[Experiment],
        confidence: float,
        context: Context,
    ) -> Evidence:
        return compare(compared, experiments, task, confidence, context.artifacts)

    def audit(self, task: CodeTask, version: Version, context: Context) -> Audit:
        data = self._prepared(task, context)
        self._pin_controls(task, control_data.CONTROLS[:-1], context)
        return audit_version(task, version, data, context, partial(self._run, task, context))

    def audit_sealed(self, task: CodeTask, version: Version, seeds: Sequence[int], context: Context) -> Audit:
        self._pin_controls(task, control_data.CONTROLS[-1:], context)
        data = self._prepared(task, context)
        return audit_sealed_version(task, version, seeds, data, context, partial(self._run, task, context))

    def sealed_data(self, task: CodeTask, context: Context) -> str:
        return self._prepared(task, context)["sealed"].digest

    def signature(self, task: CodeTask, version: Version, context: Context) -> Signature:
        first = self.experiment(task, version, task.seeds[0], "validation", context)
        trial = self._tried(task, context, Program.load(context.artifacts, version.content))
        return measure_signature(task, version, first, trial, context)

    def matched(
        self, task: CodeTask, version: Version, base: Signature, mine: Signature, context: Context
    ) -> Version | None:
        ways = VersionRunner(partial(self._tried, task, context), lambda made: self.signature(task, made, context))
        return build_matched_baseline(task, version, base, mine, ways, context)

    def diff(self, task: CodeTask, version: Version, context: Context) -> str:
        return Program.load(context.artifacts, version.content).diff(versions.load_original(task))

    def section(self, task: CodeTask, context: Context) -> Section:
        """How the code came about: drafts and repairs by what became of them."""
        builds = [event.payload for event in context.steps.ledger.events("build")]
        tries = Counter((one["kind"], one["cause"]) for build in builds for one in build["tries"])
        rows = [("Plans that became a running version", f"{sum(bool(b['version']) for b in builds)} of {len(builds)}")]
        rows += [(f"{kind}: {cause}", str(count)) for (kind, cause), count in sorted(tries.items())]
        rows += [(f"May be imported from {name}", digest) for name, digest in describe_packs(task.packs).items()]
        return Section("From plans to code", rows)

    def _trials(self, task: CodeTask, hypothesis: Hypothesis, plan: Plan, context: Context) -> CandidateRunner:
        data = self._prepared(task, context)

        def full(version: Version) -> Experiment:
            return self.experiment(task, version, task.seeds[0], "validation", context)

        source, known = versions.load_original(task), self._known(task, context)
        return CandidateRunner(task, hypothesis, plan, source, known, data["smoke"], full, context)

    def _tried(self, task: CodeTask, context: Context, program: Program) -> SmokeResult:
        return smoke.run_smoke(task, program, self._smoke(task, context), context)

    def _run(self, task: CodeTask, context: Context, version: Version, seed: int, split: Split) -> Experiment:
        return self.experiment(task, version, seed, split, context)

    def _shown(self, task: CodeTask, split: Split, context: Context) -> SplitData:
        data = self._prepared(task, context)
        if split not in control_data.CONTROLS:
            return data[split]
        shown = control_data.prepare_control(split, data, task.metric.name)
        if shown is None:
            raise BadInput(f"task {task.name}: no split {split!r}: too few classes, or no numbers to move")
        return shown

    def _pin_controls(self, task: CodeTask, splits: Sequence[Split], context: Context) -> None:
        made = {
            split: control_data.prepare_control(split, self._prepared(task, context), task.metric.name)
            for split in splits
        }
        pin_data(task, {split: shown for split, shown in made.items() if shown is not None}, context)

    def _prepared(self, task: CodeTask, context: Context) -> TaskData:
        with self._lock:
            place = (task.digest, context.project)
            if place not in self._data:
                self._data[place] = prepare_data(task, context.project)
            return self._data[place]

    def _smoke(self, task: CodeTask, context: Context) -> SplitData:
        return self._prepared(task, context)["smoke"]

    def _known(self, task: CodeTask, context: Context) -> BaselineProfile:
        return smoke.profile_baseline(task, versions.load_original(task), self._smoke(task, context), context)


def _join_parts(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


if TYPE_CHECKING:
    _whole: Toolchain[CodeTask] = CodeToolchain()
