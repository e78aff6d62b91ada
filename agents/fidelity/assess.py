"""Records whether a version does what its hypothesis says: the fact `fidelity`.

The fact is made once, after the version's first run and before any result is reported under its hypothesis' name. A
person's decision is a later fact about the same version, and holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.consulting.steps import list_own_texts
from agents.fidelity.judged_version import find_judged_version
from agents.fidelity.measured import measure_differences
from agents.fidelity.settle import Intention, settle
from agents.verifiers.protocol import Voting
from memory.ledger.ledger import Ledger, Reader
from pelagos.errors import BadInput, Stale
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Answer, Build, Experiment, Fidelity, Hypothesis, Plan, Verdict, Version

if TYPE_CHECKING:
    from agents.run import Run

KIND = "fidelity"
PERSON = "a person"


def assess(version: Version, run: Run) -> Fidelity | None:
    """Return the newest recorded fidelity, else assess it now; None for a version without a hypothesis. Raises the
    errors of models."""
    if version.hypothesis is None:
        return None
    fidelity = run.facts.get(KIND, version.id)
    return fidelity if fidelity is not None else _assess_now(version, run.noun(Hypothesis, version.hypothesis), run)


def find_fidelity(version: str | None, run: Run) -> Fidelity | None:
    """Return the recorded fidelity of a version, None if there is none. No model is asked."""
    fidelity: Fidelity | None = run.facts.get(KIND, version) if version else None
    return fidelity


def _assess_now(version: Version, hypothesis: Hypothesis, run: Run) -> Fidelity:
    def action() -> tuple[Fidelity, Cost]:
        diff = run.toolchain.diff(run.task, version, run)
        models = run.model("extractor"), run.model("verifier")
        intention, differences = _intention(version, hypothesis, run), measure_differences(version, run)
        verifier = run.verifier.about_changes() if isinstance(run.verifier, Voting) else None
        fidelity = settle(version.id, intention, diff, differences, *models, verifier)
        run.say(f"{hypothesis.id} {fidelity.answer.value} by {fidelity.by}: {fidelity.description}")
        return fidelity, Cost()

    intent = Intent(version=version.id, hypothesis=hypothesis.id)
    return run.steps.made(Fidelity, version.id, intent, Cost(), action)


def _intention(version: Version, hypothesis: Hypothesis, run: Run) -> Intention:
    steps = list_own_texts(run.noun(Plan, version.plan).steps) if version.plan else []
    findings = [ranked.paper.finding for ranked in run.papers() if ranked.paper.id in hypothesis.papers]
    return Intention(hypothesis, steps, findings)


def record_decision(ledger: Ledger, hypothesis: str, implements: bool, saw: str = "") -> Fidelity:
    """Record a person's decision on the version that the hypothesis' verdict is about. `saw` is the version that the
    person saw; by default the present one. Raises BadInput, Stale for another version than was seen."""
    version = _judged_version(ledger, hypothesis)
    if not version.startswith(saw):
        raise Stale(f"{hypothesis}: another version is judged now than the one that you saw: look again, then decide")
    facts = [fact for fact in ledger.facts(Fidelity).values() if fact.id == version]
    if not facts:
        raise BadInput(f"{hypothesis}: no version of it has run yet: decide after one has")
    answer = Answer.IMPLEMENTS if implements else Answer.DIFFERS
    decision = facts[-1].model_copy(update={"answer": answer, "by": PERSON})
    return ledger.record(decision, f"{version}/{len(facts)}")


def _judged_version(ledger: Reader, hypothesis: str) -> str:
    """Return the version that the hypothesis' newest verdict is about, else the version that was built last."""
    verdict = next((fact for fact in reversed(ledger.facts(Verdict).values()) if fact.hypothesis == hypothesis), None)
    builds = [build for build in ledger.facts(Build).values() if build.hypothesis == hypothesis]
    version = find_judged_version(verdict, builds, ledger.facts(Experiment).get)
    if version is None:
        raise BadInput(f"{hypothesis}: no version of it was built: there is nothing to decide on")
    return version
