"""Reads from a run's ledger what belongs in the bank: its kept hypotheses with their vectors and lessons, in order of
keeping.

The result depends on the ledger alone, so a rebuilt bank equals the one that grew with the runs.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memory.bank.vector_file import Vector
from memory.bank.vectors import Entry
from memory.embedders.embedder import Embedder
from memory.files.project_runs import run_label
from memory.ledger.ledger import Ledger, Reader
from pelagos.facts.calls import Vector as Recorded
from pelagos.facts.drive import Started
from pelagos.facts.fact import dump_payload
from pelagos.facts.ideas import Screened
from pelagos.nouns import Hypothesis, Lesson, nest_effect

LESSON_FIELDS = (
    "title",
    "verdict",
    "effect",
    "suspect",
    "failure",
    "seconds",
    "tokens",
    "diff",
    "text",
    "cut_short",
    "did",
)


class Origin(NamedTuple):
    """The run that an entry comes from: its label in the project, its task, and the metric of its effects."""

    run: str
    task: str
    metric: str = ""
    unit: str = ""

    def id(self, hypothesis: str) -> str:
        return f"{self.run}/{hypothesis}"


class Backfill(NamedTuple):
    """One entry and the payload of the vector that its run recorded, None where none was recorded."""

    entry: Entry
    recorded: Recorded | None


def make_entry(hypothesis: Hypothesis, origin: Origin) -> Entry:
    """Return the bank's entry for a hypothesis, with the text by which it is compared with others."""
    details = hypothesis.model_dump(include={"title", "target", "predicted_effect"})
    text = f"{hypothesis.title}. {hypothesis.statement}"
    return Entry(origin.id(hypothesis.id), text, {**origin._asdict(), **details})


def lesson_meta(lesson: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that the bank keeps of a dumped Lesson, without fields that are None."""
    lifted = nest_effect(lesson)
    details = {name: lifted[name] for name in LESSON_FIELDS if lifted.get(name) is not None}
    if "effect" in details:
        details["effect"] = {name: number for name, number in details["effect"].items() if number is not None}
    return {"lesson": lesson["id"], **details}


def record_vector(ledger: Ledger, hypothesis: str, text: str, embedder: Embedder) -> Vector:
    """Return the vector of a hypothesis (dims,). It is embedded once; later calls read it, bit for bit, from its run's
    ledger."""
    recorded = ledger.fact(Recorded, hypothesis)
    if recorded is None:
        raw = base64.b64encode(embedder.embed([text])[0].astype("<f4").tobytes()).decode()
        recorded = ledger.record(Recorded(embedder=embedder.id, dims=embedder.dims, float32=raw), hypothesis)
    return unpack_vector(recorded)


def unpack_vector(recorded: Recorded) -> Vector:
    """Decode a recorded vector (dims,)."""
    return np.frombuffer(base64.b64decode(recorded.float32), dtype="<f4").astype(np.float32)


def backfill_run(ledger: Reader, project: Path) -> Iterator[Backfill]:
    """Yield the kept hypotheses of a run."""
    origin = _read_origin(ledger, project)
    hypotheses = {one.id: one for one in ledger.facts(Hypothesis).values()}
    lessons = {one.hypothesis: lesson_meta(dump_payload(one)) for one in ledger.facts(Lesson).values()}
    vectors = ledger.facts(Recorded)
    for screened in ledger.facts(Screened).values():
        id = screened.hypothesis
        if screened.kept and id in hypotheses:
            entry = make_entry(hypotheses[id], origin)
            yield Backfill(entry._replace(meta={**entry.meta, **lessons.get(id, {})}), vectors.get(id))


def _read_origin(ledger: Reader, project: Path) -> Origin:
    said, run = next(iter(ledger.facts(Started).values()), Started()), run_label(project, ledger.path.parent)
    metric = said.metric
    return Origin(run, said.task, metric.name if metric else "", metric.unit if metric else "")
