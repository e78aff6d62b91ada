"""Tallies a run's facts: ids, kinds and seeds, folded once per fact. The ledger holds the nouns themselves.

It keeps what is needed for every hypothesis, so that nobody reads all facts of the run for it. What there is of each
hypothesis lies on disk; in memory are lists of ids, and what few hypotheses have. Copy a list or set before you iterate
over it: another lane's facts may be folded meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from memory.files.disk_map import DiskMaps
from pelagos.nouns import (
    Answer,
    Audit,
    Build,
    Claim,
    Experiment,
    Fidelity,
    Hypothesis,
    Lesson,
    Measured,
    Noun,
    Verdict,
    VerdictKind,
)  # fmt: skip


class ExperimentRef(NamedTuple):
    """One experiment. `adopted`: it was taken over from an earlier run."""

    seed: int
    id: str
    data: str
    adopted: bool


class Conclusion(NamedTuple):
    """The newest verdict or lesson of a hypothesis, with the fields in which a lesson may become outdated."""

    id: str
    kind: VerdictKind | None
    effect: float | None
    suspect: bool


class Tally:
    """`seeds` are the task's, in its order. By hypothesis: `builds`, the `versions` that were built, `verdicts`,
    `lessons`, `outdated` (those whose lesson differs from their verdict), `promising` (by their newest verdict),
    `claimed` (those with a concluded test on sealed data). By version: `validation` and `sealed` experiments, `audits`
    with their findings, `fidelities`. `tried` holds each paper with each target that it was tried at."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._order = {seed: index for index, seed in enumerate(seeds)}
        self.hypotheses: list[str] = []
        self.tried: set[tuple[str, str]] = set()
        self.all_builds: list[str] = []
        maps = DiskMaps()
        self.builds = maps.make("builds", tuple[str, ...])
        self.versions = maps.make("versions", tuple[str, ...])
        self.validation = maps.make("validation", tuple[ExperimentRef, ...])
        self.sealed = maps.make("sealed", tuple[ExperimentRef, ...])
        self.audits = maps.make("audits", tuple[str, ...])
        self.fidelities = maps.make("fidelities", Answer)
        self.verdicts = maps.make("verdicts", Conclusion)
        self.lessons = maps.make("lessons", Conclusion)
        self.claimed: set[str] = set()
        self.promising: dict[str, None] = {}
        self.outdated: dict[str, None] = {}

    def fold(self, noun: Noun) -> None:
        match noun:
            case Hypothesis():
                self.hypotheses.append(noun.id)
                self.tried.update((paper, noun.target) for paper in noun.papers)
            case Build():
                self._fold_build(noun)
            case Experiment():
                self._fold_experiment(noun)
            case Audit():
                self.audits[noun.id] = tuple(noun.findings)
            case Claim() if noun.concluded:
                self.claimed.add(noun.hypothesis)
            case Verdict():
                self._fold_verdict(noun)
            case Fidelity():
                self.fidelities[noun.id] = noun.answer
                if noun.hypothesis in self.lessons:
                    self.outdated[noun.hypothesis] = None
            case Lesson():
                self.lessons[noun.hypothesis] = Conclusion(noun.id, noun.verdict, _effect_value(noun), noun.suspect)
                self._compare_lesson(noun.hypothesis)

    def _fold_build(self, build: Build) -> None:
        self.all_builds.append(build.id)
        self.builds[build.hypothesis] = (*self.builds.get(build.hypothesis, ()), build.id)
        if build.version:
            self.versions[build.hypothesis] = (*self.versions.get(build.hypothesis, ()), build.version)

    def _fold_experiment(self, experiment: Experiment) -> None:
        version = experiment.version
        ref = ExperimentRef(experiment.seed, experiment.id, experiment.data, bool(experiment.origin))
        if experiment.split == "sealed":
            self.sealed[version] = (*self.sealed.get(version, ()), ref)
        elif experiment.split == "validation" and ref.seed in self._order:
            refs = (*self.validation.get(version, ()), ref)
            self.validation[version] = tuple(sorted(refs, key=lambda ref: self._order[ref.seed]))

    def _fold_verdict(self, verdict: Verdict) -> None:
        id = verdict.hypothesis
        self.verdicts[id] = Conclusion(verdict.id, verdict.kind, _effect_value(verdict), bool(verdict.suspect))
        if verdict.kind is VerdictKind.PROMISING:
            self.promising[id] = None
        else:
            self.promising.pop(id, None)
        self._compare_lesson(id)

    def _compare_lesson(self, hypothesis: str) -> None:
        verdict, lesson = self.verdicts.get(hypothesis), self.lessons.get(hypothesis)
        if verdict and lesson and verdict[1:] != lesson[1:]:
            self.outdated[hypothesis] = None
        else:
            self.outdated.pop(hypothesis, None)


def _effect_value(noun: Measured) -> float | None:
    return noun.effect.value if noun.effect else None
