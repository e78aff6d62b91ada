"""The code toolchain (Dolphin's experiment part): a plan becomes an edit of a small program, executed and scored.

Satisfies tools.toolchain.Toolchain. What each part does is in the modules of this folder; here they are only joined.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from memory.hidden import SECRET, hidden
from pelagos.errors import BadInput
from pelagos.nouns import Audit, Build, Experiment, Hypothesis, Plan, Split, Version
from tools.code import checks, libraries, program, prompts, shapes, smoke, versions
from tools.code.audit import controls
from tools.code.audit.inspection import inspect, inspect_sealed
from tools.code.build import build
from tools.code.candidates import Trials
from tools.code.data import SplitData, TaskData, has_secret, prepare_data
from tools.code.experiments import PINNED, experiment, pin, pin_baseline
from tools.code.program import Program
from tools.code.smoke import Known
from tools.code.structure import users
from tools.code.task import CodeTask, load_task
from tools.opening import opening
from tools.toolchain import Briefing, Context, Section, Task, Tool


class CodeToolchain:
    """Holds nothing that must survive: only the verified data of the tasks it was asked about."""

    name = "code"

    def __init__(self) -> None:
        self._data: dict[tuple[str, Path], TaskData] = {}
        self._lock = threading.Lock()

    def load(self, folder: Path) -> CodeTask:
        return load_task(folder)

    def prepare(self, task: Task, context: Context) -> None:
        mine = _code(task)
        if context.steps.ledger.find(PINNED, "validation") and not has_secret(context.project):
            place = hidden(context.project) / SECRET
            raise BadInput(f"{place}: is gone, and with it this run's data: put it back, or start a new run")
        pin(mine, self._prepared(mine, context).splits, context)

    def brief(self, task: Task, context: Context) -> Briefing:
        mine = _code(task)
        source, known = versions.untouched(mine), self._known(mine, context)
        return Briefing(
            topic=mine.topic,
            description=mine.description,
            targets=program.targets(source),
            overview=prompts.outline(source, known.functions),
            step_guide=checks.GUIDE,
        )

    def material(self, task: Task, target: str, context: Context) -> str:
        mine = _code(task)
        source, known = versions.untouched(mine), self._known(mine, context)
        if source.node(target) is None:
            offered = ", ".join(program.targets(source))
            raise BadInput(f"target {target!r}: not in the program; one of {offered}")
        whole = f"# {target}\n{source.source(target)}"
        called = libraries.comment(whole, known.libraries.get(target.partition("::")[0], {}))
        parts = (whole, shapes.comment(target, known.functions), called, users(source, target))
        return "\n".join(part for part in parts if part)

    def tools(self, task: Task) -> Sequence[Tool]:
        return ()

    def baseline(self, task: Task, context: Context) -> Version:
        version = versions.baseline(_code(task), context)
        pin_baseline(version.content, context)
        return version

    def build(self, task: Task, hypothesis: Hypothesis, plan: Plan, context: Context) -> Build:
        mine = _code(task)
        source = versions.untouched(mine)
        if source.node(hypothesis.target) is None:
            raise BadInput(f"hypothesis {hypothesis.id}: target {hypothesis.target!r} is not in the program")
        data = self._prepared(mine, context)

        def full(version: Version) -> Experiment:
            return self.experiment(mine, version, mine.seeds[0], "validation", context)

        known = self._known(mine, context)
        trials = Trials(mine, hypothesis, plan, source, known, data["smoke"], full, context)
        return build(trials, opening(self.brief(mine, context), mine.metric))

    def experiment(self, task: Task, version: Version, seed: int, split: Split, context: Context) -> Experiment:
        mine = _code(task)
        return experiment(mine, version, seed, split, self._shown(mine, split, context), context)

    def audit(self, task: Task, version: Version, context: Context) -> Audit:
        mine = _code(task)
        data = self._prepared(mine, context)
        self._pin_controls(mine, controls.CONTROLS[:-1], context)
        return inspect(mine, version, data, context, partial(self._run, mine, context))

    def audit_sealed(self, task: Task, version: Version, seeds: Sequence[int], context: Context) -> Audit:
        mine = _code(task)
        self._pin_controls(mine, controls.CONTROLS[-1:], context)
        data = self._prepared(mine, context)
        return inspect_sealed(mine, version, seeds, data, context, partial(self._run, mine, context))

    def diff(self, task: Task, version: Version, context: Context) -> str:
        return Program.load(context.artifacts, version.content).diff(versions.untouched(_code(task)))

    def section(self, task: Task, context: Context) -> Section:
        """How the code came about: drafts and repairs by what became of them."""
        builds = [event.payload for event in context.steps.ledger.events("build")]
        tries = Counter((one["kind"], one["cause"]) for build in builds for one in build["tries"])
        rows = [("Plans that became a running version", f"{sum(bool(b['version']) for b in builds)} of {len(builds)}")]
        rows += [(f"{kind}: {cause}", str(count)) for (kind, cause), count in sorted(tries.items())]
        return Section("From plans to code", rows)

    def _run(self, task: CodeTask, context: Context, version: Version, seed: int, split: Split) -> Experiment:
        return self.experiment(task, version, seed, split, context)

    def _shown(self, task: CodeTask, split: Split, context: Context) -> SplitData:
        data = self._prepared(task, context)
        if split not in controls.CONTROLS:
            return data[split]
        shown = controls.made(split, data, task.metric.name)
        if shown is None:
            raise BadInput(f"task {task.name}: no split {split!r}: too few classes, or no numbers to move")
        return shown

    def _pin_controls(self, task: CodeTask, splits: Sequence[Split], context: Context) -> None:
        made = {split: controls.made(split, self._prepared(task, context), task.metric.name) for split in splits}
        pin(task, {split: shown for split, shown in made.items() if shown is not None}, context)

    def _prepared(self, task: CodeTask, context: Context) -> TaskData:
        with self._lock:
            place = (task.digest, context.project)
            if place not in self._data:
                self._data[place] = prepare_data(task, context.project)
            return self._data[place]

    def _known(self, task: CodeTask, context: Context) -> Known:
        return smoke.know(task, versions.untouched(task), self._prepared(task, context)["smoke"], context)


def _code(task: Task) -> CodeTask:
    if not isinstance(task, CodeTask):
        raise BadInput(f"task {task.name}: its toolchain is {task.toolchain!r}, not 'code'")
    return task
