"""Judge: every hypothesis of the run against the baseline, all verdicts anew, and the seeds that are worth buying.

e-BH looks at all hypotheses at once, so a verdict may change when others join; a hypothesis's newest verdict holds.
What is tested is a version (a plan that was built); a hypothesis gets the verdict of its best version. A hypothesis
whose program fails on a seed can't be supported, and one that never ran is undecided with the reason. What would be
supported is audited first: a suspect result has no weight, from then on, and never wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents.judging.compare import bounded, compare, evidence_ids
from agents.judging.decide import Ruling, decide, open_to_seeds
from agents.judging.evidence import Evidence
from agents.judging.rules import Rules
from agents.run import Run
from agents.state import State, Status, Update
from memory.keys import step_key
from pelagos.errors import CapReached
from pelagos.nouns import Audit, Build, Experiment, Verdict, VerdictKind, Version

PREFERENCE = (VerdictKind.SUPPORTED, VerdictKind.UNDECIDED, VerdictKind.EQUIVALENT, VerdictKind.REFUTED)


@dataclass(frozen=True)
class Case:
    """One version that ran: its experiments, what they show and what that comes to."""

    version: str
    experiments: Sequence[Experiment]
    evidence: Evidence
    ruling: Ruling

    @property
    def merit(self) -> tuple[int, float, float]:
        """To be compared among the versions of one hypothesis: the greater the better."""
        return -PREFERENCE.index(self.ruling.kind), self.evidence.e_value, self.evidence.effect or 0.0


def judge(state: State, run: Run) -> Update:
    rules = Rules.of(run.settings.judge, len(run.task.seeds), _planned(run))
    experiments = _by_version(run)
    base = experiments[run.baseline().id]
    builds = _builds(state, run)
    cases = _cases({b.version for made in builds.values() for b in made if b.version}, experiments, base, rules, run)
    best = {id: _best(made, cases) for id, made in builds.items()}
    over = step_key(experiments=sorted(one.id for case in cases.values() for one in case.experiments))
    verdicts = [_verdict(id, best[id], _why_not(builds[id], state["status"]), base, over) for id in builds]
    _record(verdicts, run)
    buying = {case.version: _due(case, rules, run) for case in best.values() if case}
    winners = [verdict.hypothesis for verdict in verdicts if verdict.kind is VerdictKind.SUPPORTED]
    return {"buying": {version: seeds for version, seeds in buying.items() if seeds}, "winners": winners}


def _planned(run: Run) -> int:
    loop = run.settings.loop
    return loop.cycles * loop.hypotheses * loop.plans_kept


def _by_version(run: Run) -> dict[str, list[Experiment]]:
    """Validation experiments in the order of the task's seeds."""
    order = {seed: place for place, seed in enumerate(run.task.seeds)}
    found: dict[str, list[Experiment]] = defaultdict(list)
    for one in run.nouns(Experiment):
        if one.split == "validation" and one.seed in order:
            found[one.version].append(one)
    return defaultdict(list, {version: sorted(some, key=lambda e: order[e.seed]) for version, some in found.items()})


def _builds(state: State, run: Run) -> dict[str, list[Build]]:
    """Hypothesis -> its builds, for all of the run; this cycle's hypotheses are there even without one."""
    builds: dict[str, list[Build]] = {}
    for build in run.nouns(Build):
        builds.setdefault(build.hypothesis, []).append(build)
    return builds | {id: [] for id in state["kept"] if id not in builds}


def _cases(
    versions: set[str], experiments: dict[str, list[Experiment]], base: Sequence[Experiment], rules: Rules, run: Run
) -> dict[str, Case]:
    """Every version that was run at all; those that never ran are no tests and don't count in the error control."""
    ran = sorted(version for version in versions if experiments[version])
    order = list(run.task.seeds)
    evidences = {v: compare(base, experiments[v], run.task, order, rules, run.artifacts) for v in ran}
    evidences = _audited(evidences, rules, run)
    rulings = decide(evidences, run.task.metric, rules)
    return {v: Case(v, experiments[v], evidences[v], rulings[v]) for v in ran}


def _audited(evidences: dict[str, Evidence], rules: Rules, run: Run) -> dict[str, Evidence]:
    """Findings of earlier audits hold; who would be supported without one is audited now.

    Taking weight away makes nobody else supported (e-BH is monotone), so one round is enough.
    """
    audits = {audit.id: audit for audit in run.nouns(Audit)}
    held = {v: e.disbelieved(audits[v].findings) if v in audits else e for v, e in evidences.items()}
    rulings = decide(held, run.task.metric, rules)
    due = [v for v, ruling in rulings.items() if ruling.kind is VerdictKind.SUPPORTED and v not in audits]
    return held | {version: _audit(version, held[version], run) for version in due}


def _audit(version: str, evidence: Evidence, run: Run) -> Evidence:
    """What a cap leaves unaudited isn't supported."""
    try:
        with run.whole_caps():
            audit = run.toolchain.audit(run.task, run.noun(Version, version), run)
    except CapReached as reached:
        return evidence.disbelieved(unaudited=str(reached))
    run.record(audit)
    return evidence.disbelieved(audit.findings)


def _best(builds: Sequence[Build], cases: dict[str, Case]) -> Case | None:
    mine = [cases[build.version] for build in builds if build.version in cases]
    return max(mine, key=lambda case: case.merit, default=None)


def _due(case: Case, rules: Rules, run: Run) -> list[int]:
    """The seeds up to the next look, none where more can't change the verdict."""
    look = rules.next_look(case.evidence.seeds)
    if look is None or not open_to_seeds(case.evidence, case.ruling):
        return []
    tried = {one.seed for one in case.experiments}
    return [seed for seed in run.task.seeds if seed not in tried][: look - case.evidence.seeds]


def _verdict(id: str, case: Case | None, reason: str, base: Sequence[Experiment], over: str) -> Verdict:
    """`reason` is for a hypothesis without a version that ran."""
    if case is None:
        key = step_key(hypothesis=id, reason=reason, over=over)
        return Verdict(id=key, hypothesis=id, kind=VerdictKind.UNDECIDED, reason=reason)
    evidence, ids = case.evidence, evidence_ids(case.experiments, base)
    return Verdict(
        id=step_key(hypothesis=id, kind=case.ruling.kind.value, reason=case.ruling.reason, evidence=ids, over=over),
        hypothesis=id,
        kind=case.ruling.kind,
        effect=evidence.effect,
        low=bounded(evidence.low),
        high=bounded(evidence.high),
        e_value=evidence.e_value,
        seeds=evidence.seeds,
        baseline_score=evidence.baseline,
        score=evidence.score,
        reason=case.ruling.reason,
        evidence=ids,
        suspect=list(evidence.suspect),
    )


def _why_not(builds: Sequence[Build], status: Status) -> str:
    if not builds:
        return "never carried out" if status == "running" else "the run was stopped before a version was ready"
    causes = sorted({build.cause for build in builds if build.version is None})
    return f"no version that runs: {', '.join(causes)}" if causes else "built, but never run"


def _record(verdicts: Sequence[Verdict], run: Run) -> None:
    """Only what is new: the same verdict again is no new fact."""
    before = run.verdicts()
    for verdict in verdicts:
        held = before.get(verdict.hypothesis)
        if held is not None and held.model_copy(update={"id": verdict.id}) == verdict:
            continue
        run.say(f"{verdict.hypothesis} {verdict.kind.value} after {verdict.seeds} seeds: {verdict.reason}")
        run.record(verdict)  # last: what is recorded isn't told again after a kill
