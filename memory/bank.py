"""The hypothesis bank of a project: what was already thought of and what became of it, over all its runs.

Whether a hypothesis repeats another is decided exactly, by its cosine to every vector of its task: 100,000 of 384
dimensions are one product that takes some 15 ms. Chroma serves `search` alone, where the bank is large. The bank is no
truth of its own: the runs' ledgers are, with the vectors in them, and `rebuild` makes it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.controller import controller_of
from memory.embedder import Embedder
from memory.harvest import Crop, crop, unpacked
from memory.hidden import NAME, hidden
from memory.index import SearchIndex
from memory.ledger import Reader
from memory.project_runs import folder_of
from memory.standing import Standing, standing, told
from memory.vectors import REBUILD, Entry, Held, Made, Vector, VectorStore
from pelagos.errors import BadInput, DamagedRun

BANK, VECTORS = "bank", "vectors.sqlite"
EXACT_UP_TO = 20_000
CANDIDATES = 100


class Neighbour(NamedTuple):
    """An entry of the bank and its exact cosine to what was asked for."""

    id: str
    text: str
    cosine: float
    meta: dict[str, Any]


class Decision(NamedTuple):
    """Whether a hypothesis is kept, why, and its nearest on the task: "" and None where there is none. `again`: ids of
    those that it takes up anew, the nearest first."""

    kept: bool
    reason: str
    nearest: str
    cosine: float | None
    again: tuple[str, ...] = ()


class HypothesisBank:
    """Thread-safe, and for any number of processes at once."""

    def __init__(self, project: Path, embedder: Embedder, store: VectorStore) -> None:
        self.project, self.embedder = project, embedder
        self._store = store
        self._index = SearchIndex(_folder(project))

    @classmethod
    def open(cls, project: Path | str, embedder: Embedder) -> HypothesisBank:
        """The bank of the project, made at first use. Raises BadInput where another embedder made its vectors."""
        project = Path(project)
        store = VectorStore(_folder(project) / VECTORS)
        made = store.claim(embedder.id, embedder.dims)
        if (made.embedder, made.dims) != (embedder.id, embedder.dims):
            store.close()
            raise _refusal(project, made, f"{embedder.id} ({embedder.dims} dims)")
        return cls(project, embedder, store)

    @staticmethod
    def check(project: Path | str, embedder: str) -> None:
        """Raises BadInput where the project's bank was made with another embedder. Makes none."""
        path = Path(project) / NAME / BANK / VECTORS
        if not path.exists():
            return
        with closing(VectorStore(path)) as store:
            made = store.made()
        if made is not None and made.embedder != embedder:
            raise _refusal(Path(project), made, embedder)

    @classmethod
    def anew(cls, project: Path | str, embedder: Embedder, ledgers: Iterable[Reader]) -> HypothesisBank:
        """The bank made anew from the ledgers, whichever embedder made the old one, readable or not."""
        project = Path(project)
        path = _folder(project) / VECTORS
        try:
            bank = cls(project, embedder, VectorStore(path))
            bank.rebuild(ledgers)
        except DamagedRun:
            for part in path.parent.glob(f"{path.name}*"):
                part.unlink()
            bank = cls(project, embedder, VectorStore(path))
            bank.rebuild(ledgers)
        return bank

    def close(self) -> None:
        self._store.close()
        self._index.close()

    def decide(self, entry: Entry, vector: Vector, tau: float) -> Decision:
        """Whether another hypothesis of the same task is at or above `tau`, and was tried or is being tried.

        Reads only. What machinery or a stop kept from being tested, and what another run left undecided, stands in
        nobody's way.
        """
        held = self._store.held()
        mine = np.flatnonzero(held.of_task(entry.meta["task"]))
        cosines = held.cosines(vector)[mine]
        order = (mine[place] for place in np.argsort(-cosines, kind="stable"))
        best, again = Decision(True, "independent", "", None), ""
        for row in order:
            cosine = round(float(held.vectors[row] @ vector), 6)
            other = held.entries[row]
            if other.id == entry.id:
                continue
            if not best.nearest:
                best = best._replace(nearest=other.id, cosine=cosine)
            if cosine < tau:
                break
            if self._tried(other, entry):
                return Decision(False, _repeats(other), other.id, cosine)
            again = again or _again(other)
            best = best._replace(again=(*best.again, other.id))
        return best._replace(reason=again or best.reason)

    def admit(self, entry: Entry, vector: Vector, tau: float) -> Decision:
        """Keep a hypothesis unless it repeats one, which is looked at again while nobody else can add: of two runs
        that think of the same at the same time one keeps it. A second time with the same id changes nothing."""
        made = Decision(True, "independent", "", None)

        def allowed() -> bool:
            nonlocal made
            made = self.decide(entry, vector, tau)
            return made.kept

        self._store.add(entry, vector, allowed)
        return made

    def forget_lost(self, run: str, known: Collection[str]) -> None:
        """Take out the entries of a run but the `known` ones: its ledger lost the others, so it may think of them
        again."""
        lost = [entry.id for entry in self._store.held().entries if entry.meta.get("run") == run]
        if lost := [id for id in lost if id not in known]:
            self._store.forget(lost)

    def learn(self, id: str, meta: dict[str, Any]) -> None:
        """Add to what is known of a hypothesis: its verdict, dead ends as well as successes."""
        self._store.describe(id, meta)

    def search(self, vector: Vector, k: int = 5) -> list[Neighbour]:
        """The `k` nearest entries over all tasks, nearest first; ties in the order they came.

        Exact up to `EXACT_UP_TO` entries, and where another process holds the index.
        """
        held = self._store.held()
        rows = self._rows(held, vector, max(CANDIDATES, k))
        cosines = held.cosines(vector, rows)
        order = np.argsort(-cosines, kind="stable")[:k]
        return [
            _neighbour(held.entries[place if rows is None else rows[place]], float(cosines[place])) for place in order
        ]

    def nearest(self, text: str, k: int = 5) -> list[Neighbour]:
        """`search` by a text."""
        return self.search(self.embedder.embed([text])[0], k)

    def of_task(self, task: str) -> list[tuple[Entry, Vector]]:
        """All entries of the task, in the order they came."""
        held = self._store.held()
        return [(held.entries[row], held.vectors[row]) for row in np.flatnonzero(held.of_task(task))]

    @property
    def index(self) -> str:
        """ "" or why the search goes without Chroma."""
        return self._index.without

    def __len__(self) -> int:
        return len(self._store.held().entries)

    def rebuild(self, ledgers: Iterable[Reader]) -> None:
        """Everything anew from the hypotheses that the runs kept at screening, in the ledgers' order. Vectors of this
        embedder are taken as the runs recorded them, others are made."""
        kept = [item for ledger in ledgers for item in crop(ledger, self.project)]
        self._store.replace_all(
            self.embedder.id, self.embedder.dims, zip(_entries(kept), self._vectors(kept), strict=True)
        )

    def _vectors(self, kept: list[Crop]) -> list[Vector]:
        found = [_usable(item.recorded, self.embedder) for item in kept]
        lacking = [item.entry.text for item, vector in zip(kept, found, strict=True) if vector is None]
        made = iter(self.embedder.embed(lacking)) if lacking else iter(())
        return [next(made) if vector is None else vector for vector in found]

    def _tried(self, other: Entry, entry: Entry) -> bool:
        """What is pending or open counts in its own run, and elsewhere while somebody drives that run: it may yet be
        decided there."""
        found = standing(other.meta)
        if found not in (Standing.PENDING, Standing.OPEN) or other.meta.get("run") == entry.meta["run"]:
            return found is not Standing.UNTESTED
        return controller_of(folder_of(self.project, str(other.meta.get("run", "")))) is not None

    def _rows(self, held: Held, vector: Vector, count: int) -> NDArray[np.intp] | None:
        """Which entries to compare with: all (None), or Chroma's candidates where there are very many."""
        if len(held.entries) > EXACT_UP_TO:
            near = self._index.candidates(held, self.embedder.id, vector, count)
            if near:
                return np.array([row for row, item in enumerate(held.entries) if item.id in near], dtype=np.intp)
        return None


def _refusal(project: Path, made: Made, wanted: str) -> BadInput:
    fault = f"made with embedder {made.embedder} ({made.dims} dims), not {wanted}"
    way_out = f"set models.embedder to that one, or run `{REBUILD}`"
    return BadInput(f"{_folder(project)}: {fault}; vectors of two embedders can't be compared: {way_out}")


def _folder(project: Path) -> Path:
    folder = hidden(project) / BANK
    folder.mkdir(exist_ok=True)
    return folder


def _entries(kept: list[Crop]) -> list[Entry]:
    return [item.entry for item in kept]


def _usable(recorded: dict[str, Any] | None, embedder: Embedder) -> Vector | None:
    fits = recorded is not None and (recorded["embedder"], recorded["dims"]) == (embedder.id, embedder.dims)
    return unpacked(recorded) if fits and recorded is not None else None


def _repeats(other: Entry) -> str:
    what = "the dead end " if standing(other.meta) is Standing.DEAD_END else ""
    known = told(other.meta)
    return f"repeats {what}{other.id}{f' ({known})' if known else ''}"


def _again(other: Entry) -> str:
    known = told(other.meta)
    why = (
        f"is undecided ({known.partition(': ')[2]})"
        if standing(other.meta) is Standing.OPEN
        else "was never tested to the end"
    )
    return f"tries {other.id} again, which {why}"


def _neighbour(found: Entry, cosine: float) -> Neighbour:
    return Neighbour(found.id, found.text, cosine, found.meta)
