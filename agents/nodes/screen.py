"""Screen: throws out what repeats the bank or the literature before any compute is spent.

Two hypotheses are one at and above the embedder's calibrated cosine (Dolphin's Algorithm 1, arXiv 2501.03916, whose
own 0.8 is for another model). The bank counts only where it speaks of the same task, and then over all runs of the
project, so no run tries again what another found to be a dead end. Every decision is recorded with its nearest
neighbour; the vector it was made from lies in the ledger too. Of a repeat the literature isn't asked. What the
literature has is known, which is a label: a known technique may well improve a program. Only where the task or the
settings require novelty is it thrown out, as in Dolphin; variations go on, and without papers novelty is "unknown"
(`agents/literature/novelty.py`).
"""

from __future__ import annotations

from typing import Any

from agents.literature.novelty import novelty, novelty_rule
from agents.run import Run
from agents.state import Lane, Update
from memory.budget import Cost
from memory.harvest import entry, record_vector
from pelagos.nouns import Hypothesis


def screen(state: Lane, run: Run) -> Update:
    hypothesis = run.noun(Hypothesis, state["hypothesis"])
    fact = run.steps.once("screened", hypothesis.id, {}, Cost(), lambda: (_decide(hypothesis, run), Cost()))
    run.say(f"{hypothesis.id} {'kept' if fact['kept'] else 'thrown out'}: {hypothesis.title} ({fact['reason']})")
    if not fact["kept"]:
        return {"hypothesis": "", "fruitless": state["fruitless"] + 1}
    run.quota.keep(state["lane"], hypothesis.id)
    return {"kept": True, "fruitless": 0}


def _decide(hypothesis: Hypothesis, run: Run) -> dict[str, Any]:
    """The bank first, which is cheap; then the literature; then the bank keeps it, unless another run was faster."""
    tau = run.settings.screen.tau if run.settings.screen.tau is not None else run.embedder.tau
    made = entry(hypothesis.model_dump(mode="json"), run.origin)
    vector = record_vector(run.ledger, hypothesis.id, made.text, run.embedder)
    decision = run.bank.decide(made, vector, tau)
    if not decision.kept:
        return {"hypothesis": hypothesis.id, "tau": tau, **decision._asdict()}
    found = novelty(hypothesis, run)
    if found.kind == "known" and novelty_rule(run) == "require":
        thrown_out = {"kept": False, "reason": found.reason}
        return {"hypothesis": hypothesis.id, "tau": tau, **decision._asdict(), **thrown_out, **found.fact()}
    decision = run.bank.admit(made, vector, tau)
    if found.kind == "known" and decision.kept:
        decision = decision._replace(reason=f"{found.reason}; {decision.reason}")
    return {"hypothesis": hypothesis.id, "tau": tau, **decision._asdict(), **found.fact()}
