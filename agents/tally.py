"""What a run's facts come to so far: ids, kinds and seeds, folded once per fact. The nouns themselves are the ledger's.

What is asked for at every hypothesis is kept here, so that nobody looks through all facts of the run for it. Copy what
you look through: another lane's facts may be folded meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pelagos.nouns import Audit, Build, Experiment, Hypothesis, Lesson, Noun, Verdict, VerdictKind


class Ran(NamedTuple):
    """One experiment. `taken`: it was taken over from an earlier run."""

    seed: int
    id: str
    data: str
    taken: bool


class Said(NamedTuple):
    """The newest verdict or lesson of a hypothesis, and what of it may turn when others join."""

    id: str
    kind: VerdictKind | None
    effect: float | None
    suspect: bool


class Tally:
    """`seeds` are the task's, in its order. By hypothesis: `builds` and `versions` that were built, `verdicts`,
    `lessons`, `turned` (those whose verdict says otherwise than their lesson). By version: `validation` and `audits`
    with their findings. `tried` are papers with the targets they were tried at."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._order = {seed: place for place, seed in enumerate(seeds)}
        self.hypotheses: list[str] = []
        self.tried: set[tuple[str, str]] = set()
        self.every_build: list[str] = []
        self.builds: dict[str, tuple[str, ...]] = {}
        self.versions: dict[str, tuple[str, ...]] = {}
        self.validation: dict[str, tuple[Ran, ...]] = {}
        self.sealed: list[Ran] = []
        self.audits: dict[str, tuple[str, ...]] = {}
        self.verdicts: dict[str, Said] = {}
        self.lessons: dict[str, Said] = {}
        self.turned: dict[str, None] = {}

    def fold(self, noun: Noun) -> None:
        match noun:
            case Hypothesis():
                self.hypotheses.append(noun.id)
                self.tried.update((paper, noun.target) for paper in noun.papers)
            case Build():
                self._build(noun)
            case Experiment():
                self._experiment(noun)
            case Audit():
                self.audits[noun.id] = tuple(noun.findings)
            case Verdict():
                self.verdicts[noun.hypothesis] = Said(noun.id, noun.kind, noun.effect, bool(noun.suspect))
                self._compare(noun.hypothesis)
            case Lesson():
                self.lessons[noun.hypothesis] = Said(noun.id, noun.verdict, noun.effect, noun.suspect)
                self._compare(noun.hypothesis)

    def _build(self, one: Build) -> None:
        self.every_build.append(one.id)
        self.builds[one.hypothesis] = (*self.builds.get(one.hypothesis, ()), one.id)
        if one.version:
            self.versions[one.hypothesis] = (*self.versions.get(one.hypothesis, ()), one.version)

    def _experiment(self, one: Experiment) -> None:
        ran = Ran(one.seed, one.id, one.data, bool(one.origin))
        if one.split == "sealed":
            self.sealed.append(ran)
        elif one.split == "validation" and one.seed in self._order:
            mine = (*self.validation.get(one.version, ()), ran)
            self.validation[one.version] = tuple(sorted(mine, key=lambda ran: self._order[ran.seed]))

    def _compare(self, hypothesis: str) -> None:
        verdict, lesson = self.verdicts.get(hypothesis), self.lessons.get(hypothesis)
        if verdict and lesson and verdict[1:] != lesson[1:]:
            self.turned[hypothesis] = None
        else:
            self.turned.pop(hypothesis, None)
