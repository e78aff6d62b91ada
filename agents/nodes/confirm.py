"""Confirm: the winners once more, on sealed data and on seeds that no selection has seen.

A run that ends since no model answers is not over, so it leaves the seal closed.
Selection flatters what it selects, so the confirmed effect is reported beside the selected one. The same statistics as
in judge, with one look and error control over the winners alone. Who would be confirmed is audited on the sealed stage
first, where the toolchain can do it. Every experiment on sealed data is counted as a touch, per project and task: a
seal that was touched often proves less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.judging.compare import bounded, compare, evidence_ids
from agents.judging.decide import Ruling, decide
from agents.judging.evidence import Evidence
from agents.judging.rules import Rules
from agents.judging.seal import Seal
from agents.run import Run
from agents.serving import in_parallel
from agents.state import State, Update
from memory.keys import step_key
from pelagos.errors import CapReached
from pelagos.nouns import Audit, Experiment, OutcomeKind, Verdict, VerdictKind, Version
from tools.toolchain import SealedAudit


def confirm(state: State, run: Run) -> Update:
    """Records a `confirmed` fact per winner. Where a cap cuts it short, with what was run until then."""
    winners = {id: _version(_verdict(id, run), run) for id in run.winners()}
    if not winners:
        return {}
    if state["status"] == "starved":
        run.say(f"confirm: put off, sealed data stay sealed: {state['reason']}; `pelagos resume` goes on")
        return {}
    seeds = fresh_seeds(run)
    try:
        _experiments(list(dict.fromkeys(winners.values())), seeds, run)
    except CapReached as reached:
        _conclude(winners, seeds, run, str(reached))
        raise
    _conclude(winners, seeds, run)
    return {}


def fresh_seeds(run: Run) -> list[int]:
    """As many as judge may buy: the task's own beyond those, then some derived from the task's hash."""
    count, own = run.settings.judge.max_seeds, list(run.task.seeds)
    fresh = own[count:][:count]
    place = 0
    while len(fresh) < count:
        seed = int(step_key(task=run.task.digest, fresh=place)[:7], 16)
        place += 1
        if seed not in own and seed not in fresh:
            fresh.append(seed)
    return fresh


def _verdict(hypothesis: str, run: Run) -> Verdict:
    return run.noun(Verdict, run.tally.verdicts[hypothesis].id)


def _version(verdict: Verdict, run: Run) -> str:
    """The version that the verdict speaks of: its evidence begins with that version's experiments."""
    return run.noun(Experiment, verdict.evidence[0]).version


def _experiments(versions: Sequence[str], seeds: Sequence[int], run: Run) -> None:
    arms = [run.baseline(), *(run.noun(Version, version) for version in versions)]
    pairs = [(version, seed) for seed in seeds for version in arms]
    run.say(f"confirm: {len(versions)} winners on sealed data, {len(seeds)} fresh seeds")
    in_parallel(run.workers, lambda pair: run.experiment(pair[0], pair[1], "sealed"), pairs)


def _conclude(winners: dict[str, str], seeds: list[int], run: Run, capped: str = "") -> None:
    """`capped`: the cap that leaves no room for audits of the sealed stage."""
    sealed = [run.noun(Experiment, one.id) for one in run.tally.sealed if one.seed in seeds]
    base = _of(run.baseline().id, sealed, seeds)
    arms = {id: _of(version, sealed, seeds) for id, version in winners.items()}
    judge = run.settings.judge
    look = len(seeds) - sum(one.outcome is not OutcomeKind.OK for one in base)
    rules = Rules(judge.alpha, judge.confidence, (look,), (1.0,), len(winners))
    evidences = {id: compare(base, arm, run.task, seeds, rules, run.artifacts) for id, arm in arms.items()}
    rulings = decide(evidences, run.task.metric, rules)
    passing = [id for id in winners if rulings[id].kind is VerdictKind.SUPPORTED]
    audits = {id: _audit(winners[id], seeds, run, capped) for id in passing}
    evidences |= {id: evidences[id].disbelieved(audit.findings, why) for id, (audit, why) in audits.items()}
    rulings = decide(evidences, run.task.metric, rules)
    touches = _touches(sealed, run)
    for id in winners:
        if evidences[id].seeds < look and not evidences[id].failed:
            rulings[id] = Ruling(
                VerdictKind.UNDECIDED, f"cut short: only {evidences[id].seeds} of {look} seeds were run"
            )
        fact = _fact(_verdict(id, run), evidences[id], rulings[id], evidence_ids(arms[id], base), touches)
        fact["evidence"] += audits[id][0].evidence if id in audits else []
        run.ledger.append("confirmed", step_key(hypothesis=id, evidence=fact["evidence"]), fact)
        run.say(f"{id} {'confirmed' if fact['confirmed'] else 'not confirmed'} on sealed data: {fact['reason']}")


def _audit(version: str, seeds: list[int], run: Run, capped: str) -> tuple[Audit, str]:
    """The audit on the sealed stage, and why there is none. A toolchain that can't do it finds nothing."""
    nothing = Audit(id=version)
    if not isinstance(run.toolchain, SealedAudit):
        return nothing, ""
    if capped:
        return nothing, capped
    try:
        return run.toolchain.audit_sealed(run.task, run.noun(Version, version), seeds, run), ""
    except CapReached as reached:
        return nothing, str(reached)


def _touches(sealed: Sequence[Experiment], run: Run) -> int:
    controls = [one for one in run.nouns(Experiment) if one.split == "control-sealed"]
    return Seal(run.project, run.task.digest).touch(run.folder.name, [*sealed, *controls])


def _of(version: str, sealed: Sequence[Experiment], seeds: list[int]) -> list[Experiment]:
    return sorted((one for one in sealed if one.version == version), key=lambda one: seeds.index(one.seed))


def _fact(selected: Verdict, evidence: Evidence, ruling: Ruling, ids: list[str], touches: int) -> dict[str, Any]:
    """Effects are oriented; `selection_*` are the validation split's, the rest the sealed split's."""
    return {
        "hypothesis": selected.hypothesis,
        "confirmed": ruling.kind is VerdictKind.SUPPORTED,
        "reason": ruling.reason,
        "effect": evidence.effect,
        "low": bounded(evidence.low),
        "high": bounded(evidence.high),
        "e_value": evidence.e_value,
        "seeds": evidence.seeds,
        "score": evidence.score,
        "baseline_score": evidence.baseline,
        "selection_effect": selected.effect,
        "selection_score": selected.score,
        "selection_baseline_score": selected.baseline_score,
        "touches": touches,
        "evidence": ids,
    }
