"""What each version's experiments show and what that comes to, kept for as long as nothing of it changes.

Judge looks at every hypothesis of the run after each one of them. Only e-BH has to look at all of them anew; comparing
and ruling is done again where a version's experiments, its audit or its side of e-BH changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agents.judging.compare import compare
from agents.judging.decide import Ruling, rule
from agents.judging.evidence import Evidence
from agents.judging.families import Begun, better
from agents.judging.rules import Rules
from agents.tally import Ran
from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, VerdictKind
from tools.toolchain import Task

PREFERENCE = (VerdictKind.SUPPORTED, VerdictKind.UNDECIDED, VerdictKind.EQUIVALENT, VerdictKind.REFUTED)
Runs = Sequence[Ran]


@dataclass(frozen=True, eq=False)
class Case:
    """One version that ran: its experiments, what they show and what that comes to."""

    version: str
    experiments: Runs
    evidence: Evidence
    ruling: Ruling
    rules: Rules

    @property
    def merit(self) -> tuple[int, float, float]:
        """To be compared among the versions of one hypothesis: the greater the better."""
        return -PREFERENCE.index(self.ruling.kind), self.evidence.e_value, self.evidence.effect or 0.0


class Cases:
    """The cases of one run; `load` fetches an experiment by its id where one is compared. Not thread-safe: whoever
    judges holds the run's lock."""

    def __init__(self, task: Task, rules: Rules, artifacts: ArtifactStore, load: Callable[[str], Experiment]) -> None:
        self.rules = rules
        self._task, self._artifacts, self._load = task, artifacts, load
        self._evidences: dict[str, tuple[object, Evidence]] = {}
        self._cases: dict[str, tuple[object, Case]] = {}

    def of(
        self,
        runs: Mapping[str, Runs],
        base: Runs,
        audits: Mapping[str, Sequence[str]],
        capped: Mapping[str, str],
        begun: Mapping[str, Begun] | None = None,
    ) -> dict[str, Case]:
        """Version -> its case; the same object where nothing changed. `runs`: the validation experiments of every
        version that ran; `audits`: the findings against a version. What `capped` kept from being audited has no
        weight, with that reason. `begun` are those whose test began in another run: they are judged by its rules,
        among its versions."""
        elsewhere = begun or {}
        rules = {v: elsewhere[v].rules if v in elsewhere else self.rules for v in runs}
        found = {
            v: self._evidence(v, mine, base, audits.get(v, ()), capped.get(v, ""), rules[v]) for v, mine in runs.items()
        }
        rejected = better({v: one.e_value for v, one in found.items()}, elsewhere, self.rules.alpha)
        return {v: self._case(v, runs[v], found[v], v in rejected, rules[v]) for v in runs}

    def _evidence(
        self, version: str, mine: Runs, base: Runs, findings: Sequence[str], capped: str, rules: Rules
    ) -> Evidence:
        over = (mine, base, findings, capped, rules)
        held = self._evidences.get(version)
        if held is None or held[0] != over:
            seeds = list(self._task.seeds)
            before, after = ([self._load(one.id) for one in arm] for arm in (base, mine))
            shown = compare(before, after, self._task, seeds, rules, self._artifacts)
            held = over, shown.disbelieved(findings, capped)
            self._evidences[version] = held
        return held[1]

    def _case(self, version: str, mine: Runs, evidence: Evidence, rejected: bool, rules: Rules) -> Case:
        over = (mine, evidence, rejected, rules)
        held = self._cases.get(version)
        if held is None or held[0] != over:
            ruling = rule(evidence, rejected, self._task.metric, rules)
            held = over, Case(version, mine, evidence, ruling, rules)
            self._cases[version] = held
        return held[1]
