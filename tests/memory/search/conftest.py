"""A run folder with texts of all kinds that can be searched, and a function that adds more of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call
from pelagos.facts.drive import Note
from pelagos.facts.fact import dump_payload, find_kind
from pelagos.nouns import Experiment, Hypothesis, Lesson, OutcomeKind, Plan, Step, Verdict, VerdictKind

OPENING = "Task: digits\n" + "The outline of the program follows here.\n" * 10
Adder = Callable[..., None]


def add_hypothesis(folder: Path, id: str, title: str) -> None:
    """Add a hypothesis with plan, calls, experiment, verdict and lesson, as a run would."""
    store = ArtifactStore(folder / "artifacts")
    messages = [
        {"role": "system", "content": "You are a careful researcher."},
        {"role": "user", "content": f"{OPENING}Think about {title}."},
    ]
    call = Call(
        role="ideator", hypothesis=id, messages=store.put_json(messages), text=f"My reply: {title}, since gradients."
    )
    log = store.put_text(f"epoch 1 of {id}\nTraceback: singular matrix")
    nouns = (
        Hypothesis(id=id, title=title, statement="Do it.", rationale="Why not.", refuted_by="no gain", target="f"),
        Plan(id=f"{id}-p", hypothesis=id, steps=[Step(text=f"Change the loss for {id}.")]),
        Experiment(
            id=f"{id}-e", version="v", hypothesis=id, seed=0, split="validation", outcome=OutcomeKind.OK,
            files={"log": log},
        ),
        Verdict(id=f"{id}-v", hypothesis=id, kind=VerdictKind.REFUTED, reason="worse than the baseline"),
        Lesson(id=f"{id}-l", hypothesis=id, title=title, target="f", verdict=None, text="Regularisation hurts here."),
    )  # fmt: skip
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("model", f"{id}-call", dump_payload(call))
        for noun in nouns:
            ledger.append(find_kind(type(noun)), noun.id, dump_payload(noun))


def add_note(folder: Path, text: str) -> None:
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("note", str(ledger.last_seq()), dump_payload(Note(text=text)))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "one"
    add_hypothesis(folder, "h1", "Label smoothing of the loss")
    add_hypothesis(folder, "h2", "A cosine schedule")
    return folder
