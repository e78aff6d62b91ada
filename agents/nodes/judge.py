"""Judge: every hypothesis of the run against the baseline, all verdicts anew, and the seeds that are worth buying.

e-BH looks at all hypotheses at once, so a verdict may change when others join; a hypothesis's newest verdict holds.
What is tested is a version (a plan that was built); a hypothesis gets the verdict of its best version. A hypothesis
whose program fails on a seed can't be supported, and one that never ran is undecided with the reason. What would be
supported is audited first: a suspect result has no weight, from then on, and never wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.adopting import begun
from agents.judging.cases import Case
from agents.judging.compare import bounded, evidence_ids
from agents.judging.decide import open_to_seeds
from agents.reviews import rejected
from agents.run import Run
from agents.state import Lane, Status, Update
from agents.tally import Ran
from memory.keys import step_key
from pelagos.errors import CapReached
from pelagos.nouns import Build, Verdict, VerdictKind, Version


def judge(state: Lane, run: Run) -> Update:
    """Lanes judge one at a time, since each looks at all hypotheses; their audits run beside each other.

    Seeds are due for the hypothesis in work, and for earlier ones that more seeds could decide: what was supported
    after a few seeds may need more of them when others have joined.
    """
    best = _best_cases(state, run)
    ended = run.tally.lessons
    open_ = (case for id, case in best.items() if case and (id == state["hypothesis"] or id in ended))
    due = {case.version: _due(case, run) for case in open_}
    return {"due": {version: seeds for version, seeds in due.items() if seeds}}


def _best_cases(state: Lane, run: Run) -> dict[str, Case | None]:
    """The best case of each hypothesis, with the verdicts recorded.

    Nothing is supported without an audit: who would be is audited, outside of the lock, and all is looked at again.
    What a cap leaves unaudited isn't supported.
    """
    capped: dict[str, str] = {}
    while True:
        with run.judging:
            cases = _cases(capped, run)
            unaudited = _unaudited(cases, run)
            if not unaudited:
                best = {id: _best(made, cases) for id, made in _versions(state, run).items()}
                _record(_verdicts(state, best, run), run)
                return best
        capped |= _audited(unaudited, run)


def _versions(state: Lane, run: Run) -> dict[str, tuple[str, ...]]:
    """Hypothesis -> its versions, for all of the run; the one in work is there even without one."""
    return {state["hypothesis"]: (), **run.tally.versions}


def _cases(capped: Mapping[str, str], run: Run) -> dict[str, Case]:
    """Every version that was run at all; those that never ran are no tests and don't count in the error control."""
    experiments = run.validation()
    built = [version for versions in dict(run.tally.versions).values() for version in versions]
    base = experiments.get(run.baseline().id, ())
    runs = {version: experiments[version] for version in built if version in experiments}
    return run.cases.of(runs, base, dict(run.tally.audits), capped, begun(run.ledger))


def _unaudited(cases: Mapping[str, Case], run: Run) -> list[str]:
    """Those that would be supported and have no audit yet."""
    audits = run.tally.audits
    return [v for v, case in cases.items() if case.ruling.kind is VerdictKind.SUPPORTED and v not in audits]


def _audited(versions: Sequence[str], run: Run) -> dict[str, str]:
    """Audit them; version -> the cap that kept it from being audited."""
    capped: dict[str, str] = {}
    for version in versions:
        try:
            with run.whole_caps():
                run.record(run.toolchain.audit(run.task, run.noun(Version, version), run))
        except CapReached as reached:
            capped[version] = str(reached)
    return capped


def _best(versions: Sequence[str], cases: dict[str, Case]) -> Case | None:
    mine = [cases[version] for version in versions if version in cases]
    return max(mine, key=lambda case: case.merit, default=None)


def _due(case: Case, run: Run) -> list[int]:
    """The seeds up to the next look, none where more can't change the verdict."""
    look = case.rules.next_look(case.evidence.seeds)
    if look is None or not open_to_seeds(case.evidence, case.ruling):
        return []
    tried = {one.seed for one in case.experiments}
    return [seed for seed in run.task.seeds if seed not in tried][: look - case.evidence.seeds]


def _verdicts(state: Lane, best: Mapping[str, Case | None], run: Run) -> list[Verdict]:
    """Of every hypothesis that ran and of the one in work, as far as they differ from what was said last."""
    experiments = run.validation()
    base, over = experiments.get(run.baseline().id, ()), sum(map(len, experiments.values()))
    builds = [run.noun(Build, build) for build in run.tally.builds.get(state["hypothesis"], ())]
    reason = rejected(run.ledger, state["hypothesis"]) or _why_not(builds, state["status"])
    found = []
    for id, case in best.items():
        if (case is None and id != state["hypothesis"]) or (case is not None and run.told.get(id) is case):
            continue
        verdict = _verdict(id, case, reason, base, over)
        held = run.verdict(id)
        if held is None or held.model_copy(update={"id": verdict.id}) != verdict:
            found.append(verdict)
        if case is not None:
            run.told[id] = case
    return found


def _verdict(id: str, case: Case | None, reason: str, base: Sequence[Ran], over: int) -> Verdict:
    """`reason` is for a hypothesis without a version that ran; `over`: experiments that the verdict looked at."""
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
    for verdict in verdicts:
        run.say(f"{verdict.hypothesis} {verdict.kind.value} after {verdict.seeds} seeds: {verdict.reason}")
        run.record(verdict)  # last: what is recorded isn't told again after a kill
