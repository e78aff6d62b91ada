"""What a run's ledger gives to the bank: its kept hypotheses with their vectors and lessons, in the order of keeping.

The same whenever it is made, so a bank made anew equals the one that grew with the runs.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from memory.embedder import Embedder
from memory.ledger import Event, Ledger, Reader
from memory.project_runs import label
from memory.vectors import Entry, Vector

VECTOR = "vector"
LEARNED = ("verdict", "effect", "low", "high", "suspect", "failure", "seconds", "tokens", "diff", "text", "cut_short")


class Origin(NamedTuple):
    """The run that an entry is from: its label in the project, its task, and the metric its effects are in."""

    run: str
    task: str
    metric: str = ""
    unit: str = ""

    def id(self, hypothesis: str) -> str:
        return f"{self.run}/{hypothesis}"


class Crop(NamedTuple):
    """One entry and the vector its run recorded, None where it recorded none."""

    entry: Entry
    recorded: dict[str, Any] | None


def text_of(hypothesis: dict[str, Any]) -> str:
    """The text by which a dumped Hypothesis is compared with others."""
    return f"{hypothesis['title']}. {hypothesis['statement']}"


def entry(hypothesis: dict[str, Any], origin: Origin) -> Entry:
    """The bank's entry for a dumped Hypothesis."""
    named = {name: hypothesis.get(name) for name in ("title", "target", "predicted_effect")}
    return Entry(origin.id(hypothesis["id"]), text_of(hypothesis), {**origin._asdict(), **named})


def learned(lesson: dict[str, Any]) -> dict[str, Any]:
    """What the bank keeps of a dumped Lesson."""
    kept = {name: lesson[name] for name in LEARNED if lesson.get(name) is not None}
    return {"lesson": lesson["id"], **kept}


def record_vector(ledger: Ledger, hypothesis: str, text: str, embedder: Embedder) -> Vector:
    """The vector of a hypothesis (dims,), embedded once and then taken from its run's ledger, to the last bit."""
    found = ledger.find(VECTOR, hypothesis)
    if found is None:
        raw = embedder.embed([text])[0].astype("<f4").tobytes()
        payload = {"embedder": embedder.id, "dims": embedder.dims, "float32": base64.b64encode(raw).decode()}
        found = ledger.append(VECTOR, hypothesis, payload).payload
    return unpacked(found)


def unpacked(recorded: dict[str, Any]) -> Vector:
    return np.frombuffer(base64.b64decode(recorded["float32"]), dtype="<f4").astype(np.float32)


def crop(ledger: Reader, project: Path) -> Iterator[Crop]:
    """The run's kept hypotheses."""
    origin = _origin(ledger, project)
    hypotheses = {event.payload["id"]: event.payload for event in ledger.events("hypothesis")}
    lessons = {event.payload["hypothesis"]: learned(event.payload) for event in ledger.events("lesson")}
    vectors = _by_key(ledger.events(VECTOR))
    for event in ledger.events("screened"):
        id = event.payload["hypothesis"]
        if event.payload["kept"] and id in hypotheses:
            made = entry(hypotheses[id], origin)
            yield Crop(made._replace(meta={**made.meta, **lessons.get(id, {})}), vectors.get(id))


def _origin(ledger: Reader, project: Path) -> Origin:
    started = ledger.events("run.started")
    said = started[0].payload if started else {}
    metric = said.get("metric") or {}
    run = label(project, ledger.path.parent)
    return Origin(run, str(said.get("task", "")), str(metric.get("name", "")), str(metric.get("unit", "")))


def _by_key(events: list[Event]) -> dict[str, dict[str, Any]]:
    return {event.key: event.payload for event in events}
