"""Entries, lessons and whole ledgers for tests of the bank, made as the nodes make them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory.bank import Decision, HypothesisBank
from memory.embedder import Embedder
from memory.harvest import Origin, entry, learned, record_vector
from memory.ledger import Ledger
from memory.project_runs import label
from memory.vectors import Entry

IDEAS = ["dropout on the hidden layer", "label smoothing", "cosine learning rate", "wider hidden layer", "mixup"]
NEVER = 2.0
"""A threshold that no cosine reaches."""


class Other:
    """Another embedder of the same width."""

    id, dims, tau = "other", 512, 0.5

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        return np.tile(np.eye(1, 512, dtype=np.float32), (len(texts), 1))


def idea(run: str, number: int, text: str, task: str = "digits") -> Entry:
    made = {"id": f"h{number}", "title": text, "statement": f"try {text}", "target": "t"}
    return entry({**made, "predicted_effect": 0.1}, Origin(run, task, "accuracy", "points"))


def lesson(verdict: str | None, effect: float | None = None, failure: str = "", **more: Any) -> dict[str, Any]:
    return learned({"id": "l", "verdict": verdict, "effect": effect, "failure": failure, "text": "x", **more})


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
    metric = {"name": "accuracy", "unit": "points"}
    ledger.append("run.started", "run", {"task": "digits", "metric": metric})
    origin = Origin(label(project, folder), "digits", "accuracy", "points")
    for number, text in enumerate(IDEAS):
        made: dict[str, Any] = {"id": f"h{number}", "title": text, "statement": f"{folder.name} tries {text}"}
        made |= {"target": "t", "predicted_effect": 0.1}
        ledger.append("hypothesis", made["id"], made)
        vector = record_vector(ledger, made["id"], entry(made, origin).text, embedder)
        kept = number % 3 != 2
        ledger.append("screened", made["id"], {"hypothesis": made["id"], "kept": kept})
        if kept:
            bank.admit(entry(made, origin), vector, NEVER)
            told = {"id": f"l{number}", "hypothesis": made["id"], "verdict": None, "effect": 0.1 * number}
            told |= {"failure": "", "text": "x"}
            ledger.append("lesson", made["id"], told)
            bank.learn(origin.id(made["id"]), learned(told))
    return ledger
