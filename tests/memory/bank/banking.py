"""Entries, lessons and whole ledgers for tests of the bank, created as the nodes create them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory.bank.backfill import Origin, lesson_meta, make_entry, record_vector
from memory.bank.bank import Decision, HypothesisBank
from memory.bank.vectors import Entry
from memory.embedders.embedder import Embedder
from memory.files.project_runs import run_label
from memory.ledger.ledger import Ledger
from pelagos.facts.drive import Started
from pelagos.facts.fact import dump_payload
from pelagos.facts.ideas import Screened
from pelagos.nouns import Hypothesis, Lesson, Metric

IDEAS = ["dropout on the hidden layer", "label smoothing", "cosine learning rate", "wider hidden layer", "mixup"]
NEVER = 2.0
"""A threshold that no cosine reaches."""


class Other:
    """Another embedder of the same width."""

    id, dims, tau = "other", 512, 0.5

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        return np.tile(np.eye(1, 512, dtype=np.float32), (len(texts), 1))


def idea(run: str, number: int, text: str, task: str = "digits") -> Entry:
    return make_entry(proposed(number, text, f"try {text}"), Origin(run, task, "accuracy", "points"))


def proposed(number: int, title: str, statement: str) -> Hypothesis:
    named = {"rationale": "r", "predicted_effect": 0.1, "refuted_by": "none", "target": "t"}
    return Hypothesis(id=f"h{number}", title=title, statement=statement, **named)


def lesson(verdict: str | None, effect: float | None = None, failure: str = "", **more: Any) -> dict[str, Any]:
    return lesson_meta({"id": "l", "verdict": verdict, "effect": effect, "failure": failure, "text": "x", **more})


def keep(bank: HypothesisBank, made: Entry, tau: float = NEVER) -> Decision:
    return bank.admit(made, bank.embedder.embed([made.text])[0], tau)


def ask(bank: HypothesisBank, made: Entry, tau: float = 0.95) -> Decision:
    return bank.decide(made, bank.embedder.embed([made.text])[0], tau)


def fill(bank: HypothesisBank, ideas: Sequence[str] = IDEAS, run: str = "run") -> None:
    for number, text in enumerate(ideas):
        keep(bank, idea(run, number, text))


def state(bank: HypothesisBank) -> list[tuple[str, str, float, dict[str, Any]]]:
    return sorted((near.id, near.text, round(near.cosine, 6), near.meta) for near in bank.nearest("layer", k=100))


def one_run(project: Path, folder: Path, bank: HypothesisBank, embedder: Embedder) -> Ledger:
    """What the nodes do: hypotheses, screening, lessons; every third is thrown out."""
    ledger = Ledger.open(folder / "ledger.db")
    metric = Metric(name="accuracy", unit="points", direction="up", min_effect=0.01)
    ledger.record(Started(task="digits", metric=metric), "run")
    origin = Origin(run_label(project, folder), "digits", "accuracy", "points")
    for number, text in enumerate(IDEAS):
        made = proposed(number, text, f"{folder.name} tries {text}")
        ledger.record(made, made.id)
        vector = record_vector(ledger, made.id, make_entry(made, origin).text, embedder)
        kept = number % 3 != 2
        ledger.record(Screened(hypothesis=made.id, kept=kept), made.id)
        if kept:
            bank.admit(make_entry(made, origin), vector, NEVER)
            named = {"title": text, "target": "t", "verdict": None, "effect": 0.1 * number, "text": "x"}
            told = Lesson(id=f"l{number}", hypothesis=made.id, **named)
            ledger.record(told, made.id)
            bank.add_lesson(origin.id(made.id), lesson_meta(dump_payload(told)))
    return ledger
