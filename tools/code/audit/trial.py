"""The controls of one version: each runs it once, and the baseline only where there is something to compare.

An honest version costs one experiment per control. The baseline's serve all versions of a run. Runs that are recorded
aren't repeated.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pelagos.nouns import Experiment, OutcomeKind, Split, Version
from sandbox.border.arrays import read_array
from sandbox.border.told import Invalid
from tools.code.audit import controls
from tools.code.audit.control import DISTINCT, Leaning, compared, died, lean
from tools.code.audit.controls import REGIONS, SEALED, SHIFTED
from tools.code.audit.draw import drawn
from tools.code.audit.leaks import Leak, blended, leak, suspicious
from tools.code.audit.moved import Loss, fragile, loss
from tools.code.audit.relabel import class_names
from tools.code.data import SplitData, TaskData
from tools.code.task import CodeTask
from tools.toolchain import Context

Run = Callable[[Version, int, Split], Experiment]


@dataclass
class Trial:
    """`seeds` are those to draw from; `real` and `usual` the experiments of version and baseline with them, on the data
    that the controls are made of. `checks` and `evidence` say what was done."""

    task: CodeTask
    version: Version
    baseline: Version
    data: TaskData
    context: Context
    run: Run
    seeds: Sequence[int]
    real: Sequence[Experiment]
    usual: Sequence[Experiment]
    checks: list[str] = field(default_factory=list)
    evidence: list[Experiment] = field(default_factory=list)

    def relabelled(self, split: Split) -> list[str]:
        """Findings of a run on labels that are all wrong (`CONTROL`, `SEALED`)."""
        tries = self._tries(self.version, split)
        if tries[-1].outcome is not OutcomeKind.OK:
            self.checks.append(f"{split} without a score")
            return died(tries, self.real, lambda: self._tries(self.baseline, split)[-1], self.task.limits.seconds)
        truth = self._truth(split)
        mine = lean(self.task, tries[-1], truth, self.context)
        self.checks.append(split if mine is not None else f"{split} without a score")

        def usual() -> Leaning | None:
            return lean(self.task, self._tries(self.baseline, split)[-1], truth, self.context)

        found = compared(mine, usual, self.task.metric, _values(truth))
        return found or self._leaking(tries[-1], split)

    def regional(self) -> list[str]:
        """Findings of a run on labels that are wrong in another way in each region of the inputs. Less can be learned
        there, so an honest program may give up: that is no finding."""
        return self._leaking(self._once(REGIONS), REGIONS) if self._has(REGIONS) else []

    def moved(self) -> list[str]:
        """Findings of a run on true labels and inputs that are moved by next to nothing."""
        if not self._has(SHIFTED):
            return []
        tries = self._tries(self.version, SHIFTED)
        last = tries[-1]
        if last.outcome is not OutcomeKind.OK:
            self.checks.append(f"{SHIFTED} without a score")
            return died(tries, self.real, lambda: self._tries(self.baseline, SHIFTED)[-1], self.task.limits.seconds)
        self.checks.append(SHIFTED)
        mine = [one.score for one in self.real if one.score is not None]
        base = [one.score for one in self.usual if one.score is not None]
        if not mine or not base:
            return []
        gain = self.task.metric.effect(statistics.fmean(mine), statistics.fmean(base))
        found = fragile(self._loss(last, self.real), self._usual_loss, mine, gain)
        return [found] if found else []

    def _usual_loss(self) -> Loss | None:
        return self._loss(self._tries(self.baseline, SHIFTED)[-1], self.usual)

    def _loss(self, moved: Experiment, runs: Sequence[Experiment]) -> Loss | None:
        before = next((one for one in runs if one.seed == moved.seed), None)
        return None if before is None else loss(before, moved, self.task.metric, self.context)

    def _leaking(self, mine: Experiment, split: Split) -> list[str]:
        found = self._leak(mine, split)
        if split == REGIONS:
            self.checks.append(split if mine.outcome is OutcomeKind.OK else f"{split} without a score")
        if found is None or not suspicious(found):
            return []
        said = blended(found, self._leak(self._tries(self.baseline, split)[-1], split))
        return [f"trained on labels that are all wrong, it knows true ones: {said}"] if said else []

    def _leak(self, run: Experiment, split: Split) -> Leak | None:
        shown = controls.made(split, self.data, self.task.metric.name)
        if shown is None or run.outcome is not OutcomeKind.OK:
            return None
        truth = self._truth(split)
        predictions = read_array(self.context.artifacts.get(run.files["predictions"]))
        if isinstance(predictions, Invalid):
            return None
        (train,) = controls.arrays(truth.inputs / "train.npz", "y")
        (true,), (taught,) = controls.arrays(truth.labels, "y"), controls.arrays(shown.labels, "y")
        classes = class_names(np.concatenate([train, true]), self.task.metric.name)
        return leak(predictions, taught, true, classes)

    def _truth(self, split: Split) -> SplitData:
        return self.data["sealed" if split == SEALED else "validation"]

    def _has(self, split: Split) -> bool:
        return controls.made(split, self.data, self.task.metric.name) is not None

    def _once(self, split: Split) -> Experiment:
        one = self.run(self.version, drawn(self.seeds, self.version, split, self.context)[0], split)
        self.evidence.append(one)
        return one

    def _tries(self, version: Version, split: Split) -> list[Experiment]:
        """One run, and where it has no score one with another seed: machinery fails as well."""
        made: list[Experiment] = []
        for seed in drawn(self.seeds, version, split, self.context)[:2]:
            made.append(self.run(version, seed, split))
            if made[-1].outcome is OutcomeKind.OK:
                break
        self.evidence += [one for one in made if one not in self.evidence]
        return made


def _values(split: SplitData) -> bool:
    (y,) = controls.arrays(split.labels, "y")
    return len(np.unique(y)) >= DISTINCT * len(y)
