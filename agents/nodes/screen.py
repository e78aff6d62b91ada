"""Screen: throws out hypotheses that repeat the bank or the literature, before they cost any compute.

Two hypotheses are the same at or above the embedder's calibrated cosine (Dolphin's Algorithm 1, arXiv 2501.03916, whose
own 0.8 is for another model). The bank's entries count only for the same task, but over all runs of the project, so no
run repeats what another found to be a dead end. Every decision is recorded with its nearest neighbour; the ledger holds
the vector too. A repeat isn't compared with the literature. A technique that the literature has is labelled known, but
stays: it may well improve a program. It is thrown out only if the task or the settings require novelty, as in Dolphin;
variations stay, and without papers novelty is "unknown" (`agents/literature/novelty.py`).
"""

from __future__ import annotations

from agents.literature.novelty import check_novelty, novelty_rule, told
from agents.run import Run
from agents.state import Lane, Update
from memory.bank.backfill import make_entry, record_vector
from pelagos.facts.fact import Cost
from pelagos.facts.ideas import Screened
from pelagos.facts.work import Intent
from pelagos.nouns import Hypothesis
from tools.abilities import Proposing

SAME_TEXT = 0.9999
"""The cosine of two vectors of one text, less what their rounding may take."""


def screen(state: Lane, run: Run) -> Update:
    hypothesis = run.noun(Hypothesis, state["hypothesis"])
    screened = run.steps.made(Screened, hypothesis.id, Intent(), Cost(), lambda: (_decide(hypothesis, run), Cost()))
    run.say(f"{hypothesis.id} {'kept' if screened.kept else 'thrown out'}: {hypothesis.title} ({screened.reason})")
    if not screened.kept:
        run.quota.drop(hypothesis.id)
        finite = isinstance(run.toolchain, Proposing)  # the data end by themselves, however many an earlier run tried
        return {"hypothesis": "", "fruitless": state["fruitless"] + (0 if finite else 1)}
    run.quota.keep(state["lane"], hypothesis.id)
    return {"kept": True, "fruitless": 0}


def _find_threshold(run: Run) -> float:
    """Return the cosine from which on two hypotheses are the same. Those that a toolchain finds in the data differ in
    what they are about, often in one word: only the same text is the same. Likewise a version that was handed in, whose
    hash is part of the text."""
    if run.submission is not None or isinstance(run.toolchain, Proposing):
        return SAME_TEXT
    return run.settings.screen.tau if run.settings.screen.tau is not None else run.embedder.tau


def _decide(hypothesis: Hypothesis, run: Run) -> Screened:
    """Ask the bank first, since it is cheap, then the literature; then add the hypothesis to the bank, unless another
    run has added it meanwhile."""
    tau = _find_threshold(run)
    entry = make_entry(hypothesis, run.origin)
    vector = record_vector(run.ledger, hypothesis.id, entry.text, run.embedder)
    decision = run.bank.decide(entry, vector, tau)
    if not decision.kept:
        return Screened(hypothesis=hypothesis.id, tau=tau, **decision._asdict())
    novelty = check_novelty(hypothesis, run)
    if novelty.kind == "known" and novelty_rule(run) == "require":
        thrown_out = decision._replace(kept=False, reason=novelty.reason)
        return Screened(hypothesis=hypothesis.id, tau=tau, **thrown_out._asdict(), **told(novelty))
    decision = run.bank.admit(entry, vector, tau)
    if novelty.kind == "known" and decision.kept:
        decision = decision._replace(reason=f"{novelty.reason}; {decision.reason}")
    return Screened(hypothesis=hypothesis.id, tau=tau, **decision._asdict(), **told(novelty))
