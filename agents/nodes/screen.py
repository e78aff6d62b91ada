"""Screen: throws out what repeats the bank before any compute is spent, and flags what the literature already has.

Two hypotheses are one at and above the embedder's calibrated cosine (Dolphin's Algorithm 1, arXiv 2501.03916, whose own
0.8 is for another model). The bank counts only where it speaks of the same task, and then over all runs of the project,
so no run tries again what another found to be a dead end. Every decision is recorded with its nearest neighbour; the
vector it was made from lies in the ledger too. Novelty against the literature is a flag, never a reason to throw out;
without papers it is "unknown", and of a repeat it isn't asked.
"""

from __future__ import annotations

from typing import Any

from agents.run import Run
from agents.state import State, Update
from memory.budget import Cost
from memory.harvest import entry, record_vector
from pelagos.nouns import Hypothesis


def screen(state: State, run: Run) -> Update:
    hypothesis = run.noun(Hypothesis, state["proposed"])
    fact = run.steps.once("screened", hypothesis.id, {}, Cost(), lambda: (_decide(hypothesis, run), Cost()))
    run.say(f"{hypothesis.id} {'kept' if fact['kept'] else 'thrown out'}: {hypothesis.title} ({fact['reason']})")
    kept = [*state["kept"], hypothesis.id] if fact["kept"] else state["kept"]
    return {"kept": kept, "proposed": ""}


def _decide(hypothesis: Hypothesis, run: Run) -> dict[str, Any]:
    """The bank first, which is cheap; then the literature; then the bank keeps it, unless another run was faster."""
    tau = run.settings.screen.tau if run.settings.screen.tau is not None else run.embedder.tau
    made = entry(hypothesis.model_dump(mode="json"), run.origin)
    vector = record_vector(run.ledger, hypothesis.id, made.text, run.embedder)
    decision = run.bank.decide(made, vector, tau)
    known: dict[str, Any] = {}
    if decision.kept:
        known = _known(made.text, run)
        decision = run.bank.admit(made, vector, tau)
    return {"hypothesis": hypothesis.id, "tau": tau, **decision._asdict(), **known}


def _known(text: str, run: Run) -> dict[str, Any]:
    """Whether a surveyed paper says the same: novelty 'known', 'new', or 'unknown' without papers."""
    papers = [ranked.paper for ranked in run.papers()]
    if not papers:
        return {"novelty": "unknown", "paper": "", "paper_cosine": None}
    tau = run.settings.screen.known_tau if run.settings.screen.known_tau is not None else run.embedder.tau
    vectors = run.embedder.embed([text, *(f"{paper.title}. {paper.finding or paper.abstract}" for paper in papers)])
    cosines = [float(value) for value in vectors[1:] @ vectors[0]]
    best = max(range(len(papers)), key=cosines.__getitem__)
    novelty = "known" if cosines[best] >= tau else "new"
    return {"novelty": novelty, "paper": papers[best].id, "paper_cosine": round(cosines[best], 6)}
