"""The hypothesis bank of a project: what was already thought of, over all its runs.

Novelty is decided exactly, from the stored vectors; Chroma only proposes candidates where the bank is larger than
`EXACT_UP_TO`, and their cosines are computed exactly too. The bank is no truth of its own: the runs' ledgers are, and
`rebuild` makes it anew from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.embedder import Embedder
from memory.hidden import hidden
from memory.index import ChromaIndex
from memory.ledger import Reader
from memory.vectors import REBUILD, Entry, Vector, VectorStore
from pelagos.errors import BadInput

EXACT_UP_TO = 20_000
CANDIDATES = 100


class Neighbour(NamedTuple):
    """An entry of the bank and its exact cosine to the text that was asked for."""

    id: str
    text: str
    cosine: float
    meta: dict[str, Any]


def entry(hypothesis: dict[str, Any], run: str, task: str) -> Entry:
    """The bank's entry for a dumped Hypothesis of the run and task of those names: the same whenever it is made."""
    text = f"{hypothesis['title']}. {hypothesis['statement']}"
    return Entry(f"{run}/{hypothesis['id']}", text, {"task": task, "run": run, "cycle": hypothesis["cycle"]})


def learned(lesson: dict[str, Any]) -> dict[str, Any]:
    """What the bank keeps of a dumped Lesson."""
    kept = ("verdict", "effect", "failure", "text")
    return {name: lesson[name] for name in kept if lesson[name] is not None}


class HypothesisBank:
    """Thread-safe. `index` is '' where this process holds the Chroma index, else the reason why it goes without."""

    def __init__(self, folder: Path, embedder: Embedder, store: VectorStore) -> None:
        self.folder, self.embedder = folder, embedder
        self._store = store
        self._chroma, self.index = ChromaIndex.open(folder)

    @classmethod
    def open(cls, project: Path | str, embedder: Embedder) -> HypothesisBank:
        """The bank of the project, made at first use. Raises BadInput where another embedder made its vectors."""
        folder, store = _store(project)
        made = store.claim(embedder.id, embedder.dims)
        if made != (embedder.id, embedder.dims):
            store.close()
            fault = f"{folder}: made with embedder {made[0]} ({made[1]} dims), not {embedder.id} ({embedder.dims})"
            raise BadInput(f"{fault}; vectors of two embedders can't be compared: use that one, or run `{REBUILD}`")
        return cls(folder, embedder, store)

    @classmethod
    def anew(cls, project: Path | str, embedder: Embedder, ledgers: Iterable[Reader]) -> HypothesisBank:
        """The bank made anew from the ledgers, whichever embedder made the old one."""
        folder, store = _store(project)
        bank = cls(folder, embedder, store)
        bank.rebuild(ledgers)
        return bank

    def close(self) -> None:
        self._store.close()
        if self._chroma:
            self._chroma.close()

    def add(self, id: str, text: str, meta: dict[str, Any]) -> None:
        """Keep a hypothesis. A second one with the same id changes nothing."""
        made, vectors = Entry(id, text, meta), self.embedder.embed([text])
        self._store.add(made, vectors[0])
        self._mirror(lambda index: index.put([made], vectors))

    def learn(self, id: str, meta: dict[str, Any]) -> None:
        """Add to what is known of a hypothesis: its verdict, dead ends as well as successes."""
        self._store.describe(id, meta)

    def nearest(self, text: str, k: int = 5) -> list[Neighbour]:
        """The `k` nearest entries, nearest first; ties in the order they came."""
        entries, vectors = self._store.all()
        if not entries:
            return []
        vector = self.embedder.embed([text])[0]
        rows = self._rows(entries, vectors, vector, max(CANDIDATES, k))
        cosines = vectors[rows] @ vector
        order = np.argsort(-cosines, kind="stable")[:k]
        return [_neighbour(entries[rows[place]], float(cosines[place])) for place in order]

    def __len__(self) -> int:
        return len(self._store.all()[0])

    def rebuild(self, ledgers: Iterable[Reader]) -> None:
        """Everything anew from the hypotheses that the runs kept at screening, in the ledgers' order."""
        kept = [item for ledger in ledgers for item in _kept(ledger)]
        vectors = self.embedder.embed([item.text for item in kept])
        self._store.replace_all(self.embedder.id, self.embedder.dims, zip(kept, vectors, strict=True))
        self._mirror(lambda index: index.replace_all(*self._store.all()))

    def _rows(self, entries: list[Entry], vectors: Vector, vector: Vector, count: int) -> NDArray[np.intp]:
        """Which entries to compare with: all, or Chroma's candidates where there are very many."""
        near: set[str] = set()
        if len(entries) > EXACT_UP_TO:
            self._mirror(lambda index: near.update(index.candidates(entries, vectors, vector, count)))
        return np.array([row for row, item in enumerate(entries) if not near or item.id in near], dtype=np.intp)

    def _mirror(self, act: Callable[[ChromaIndex], None]) -> None:
        """Do something with the index, if this process holds it. Where it fails the bank goes on without it."""
        if self._chroma is None:
            return
        try:
            act(self._chroma)
        except Exception as error:  # border: Chroma's own store; the vectors are the truth and the search stays exact
            self.index = f"chroma failed: {type(error).__name__}: {error}"
            self._chroma.close()
            self._chroma = None


def _store(project: Path | str) -> tuple[Path, VectorStore]:
    folder = hidden(Path(project)) / "bank"
    folder.mkdir(exist_ok=True)
    return folder, VectorStore(folder / "vectors.sqlite")


def _kept(ledger: Reader) -> Iterator[Entry]:
    """The run's kept hypotheses in the order they were kept."""
    started = ledger.events("run.started")
    task = str(started[0].payload["task"]) if started else ""
    hypotheses = {event.payload["id"]: event.payload for event in ledger.events("hypothesis")}
    lessons = {event.payload["hypothesis"]: learned(event.payload) for event in ledger.events("lesson")}
    for event in ledger.events("screened"):
        id = event.payload["hypothesis"]
        if event.payload["kept"] and id in hypotheses:
            made = entry(hypotheses[id], ledger.path.parent.name, task)
            yield made._replace(meta={**made.meta, **lessons.get(id, {})})


def _neighbour(found: Entry, cosine: float) -> Neighbour:
    return Neighbour(found.id, found.text, cosine, found.meta)
