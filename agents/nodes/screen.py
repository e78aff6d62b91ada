"""Screen: throws out what repeats the bank before any compute is spent, and flags what the literature already has.

Two hypotheses are one at and above the embedder's calibrated cosine (Dolphin's Algorithm 1, arXiv 2501.03916, whose own
0.8 is for another model). The bank counts only where it speaks of the same task. Every decision is recorded with its
nearest neighbour. Novelty against the literature is a flag, never a reason to throw out; without papers it is
"unknown".
"""

from __future__ import annotations

from typing import Any

from agents.run import Run, signature
from agents.state import State, Update
from memory.bank import entry
from memory.budget import Cost
from pelagos.nouns import Hypothesis

NEIGHBOURS = 50


def screen(state: State, run: Run) -> Update:
    hypothesis = run.noun(Hypothesis, state["proposed"])
    fact = run.steps.once("screened", hypothesis.id, {}, Cost(), lambda: (_decide(hypothesis, run), Cost()))
    run.say(f"{hypothesis.id} {'kept' if fact['kept'] else 'thrown out'}: {hypothesis.title} ({fact['reason']})")
    kept = [*state["kept"], hypothesis.id] if fact["kept"] else state["kept"]
    return {"kept": kept, "proposed": ""}


def _decide(hypothesis: Hypothesis, run: Run) -> dict[str, Any]:
    text = signature(hypothesis)
    tau = run.settings.screen.tau if run.settings.screen.tau is not None else run.embedder.tau
    nearest, cosine = _nearest(hypothesis.id, text, run)
    repeat = cosine is not None and cosine >= tau
    if not repeat:
        run.bank.add(*entry(hypothesis.model_dump(mode="json"), run.folder.name, run.task.name))
    reason = f"repeats {nearest}" if repeat else "independent"
    near = {"nearest": nearest, "cosine": cosine, "tau": tau}
    return {"hypothesis": hypothesis.id, "kept": not repeat, "reason": reason, **near, **_known(text, run)}


def _nearest(id: str, text: str, run: Run) -> tuple[str, float | None]:
    """The nearest other hypothesis on this task. A resumed run may have added this one already."""
    for neighbour in run.bank.nearest(text, k=NEIGHBOURS):
        if neighbour.id != run.bank_id(id) and neighbour.meta.get("task") == run.task.name:
            return neighbour.id, round(float(neighbour.cosine), 6)
    return "", None


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
