"""The hypothesis bank of a project: which hypotheses all its runs proposed, and with what result.

Whether a hypothesis repeats another is decided exactly, by its cosine to every vector of its task. Chroma serves
`search` alone, where the bank is large. The bank is derived data: the runs' ledgers hold the truth, vectors included,
and `rebuild` makes it again from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.bank.backfill import Backfill, backfill_run, unpack_vector
from memory.bank.index import SearchIndex
from memory.bank.lesson_status import RETESTABLE, LessonStatus, describe_result, lesson_status
from memory.bank.ranking import list_largest
from memory.bank.vector_file import Vector
from memory.bank.vectors import REBUILD_COMMAND, BankHeader, BankSnapshot, Entry, VectorStore
from memory.embedders.embedder import Embedder
from memory.files.project_folder import FOLDER_NAME, project_folder
from memory.files.project_runs import run_folder
from memory.files.run_lock import lock_holder
from memory.ledger.ledger import Reader
from pelagos.errors import BadInput, DamagedRun
from pelagos.facts.calls import Vector as Recorded

BANK_FOLDER, VECTORS_FILE = "bank", "vectors.sqlite"
EXACT_SEARCH_ENTRIES = 20_000
CANDIDATES = 100


class Neighbour(NamedTuple):
    """An entry of the bank and its exact cosine to the query."""

    id: str
    text: str
    cosine: float
    meta: dict[str, Any]


class Decision(NamedTuple):
    """Whether a hypothesis is kept, why, and its nearest neighbour in the task: "" and None where there is none.
    `again`: ids of the entries that it takes up again, the nearest first."""

    kept: bool
    reason: str
    nearest: str
    cosine: float | None
    again: tuple[str, ...] = ()


class HypothesisBank:
    """Thread-safe, and safe for any number of processes at once."""

    def __init__(self, project: Path, embedder: Embedder, store: VectorStore) -> None:
        self.project, self.embedder = project, embedder
        self._store = store
        self._index = SearchIndex(_bank_folder(project))

    @classmethod
    def open(cls, project: Path | str, embedder: Embedder) -> HypothesisBank:
        """Open the bank of the project; the first call creates it. Raises BadInput where another embedder made its
        vectors."""
        project = Path(project)
        store = VectorStore(_bank_folder(project) / VECTORS_FILE)
        header = store.register_embedder(embedder.id, embedder.dims)
        if (header.embedder, header.dims) != (embedder.id, embedder.dims):
            store.close()
            raise _embedder_mismatch(project, header, f"{embedder.id} ({embedder.dims} dims)")
        return cls(project, embedder, store)

    @staticmethod
    def exists(project: Path | str) -> bool:
        """Whether the project has a bank. Does not create one."""
        return (Path(project) / FOLDER_NAME / BANK_FOLDER / VECTORS_FILE).exists()

    @staticmethod
    def check(project: Path | str, embedder: str) -> None:
        """Raise BadInput where another embedder made the vectors of the project's bank. Does not create a bank."""
        if not HypothesisBank.exists(project):
            return
        with closing(VectorStore(_bank_folder(Path(project)) / VECTORS_FILE)) as store:
            header = store.header()
        if header is not None and header.embedder != embedder:
            raise _embedder_mismatch(Path(project), header, embedder)

    @classmethod
    def recreate(cls, project: Path | str, embedder: Embedder, ledgers: Iterable[Reader]) -> HypothesisBank:
        """Rebuild the bank from the ledgers, whichever embedder made the old one and whether it is readable or not."""
        project = Path(project)
        path = _bank_folder(project) / VECTORS_FILE
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
        """Decide whether another hypothesis of the same task has a cosine of `tau` or more, and was tested or is being
        tested.

        Reads only. Entries that the machinery or a stop kept from being tested, and those that another run left
        undecided, don't count as repeats.
        """
        snapshot = self._store.snapshot()
        task_rows = np.flatnonzero(snapshot.in_task(entry.meta["task"]))
        cosines = snapshot.cosines(vector[None])[0, task_rows]
        nearest_first = (int(task_rows[place]) for place in list_largest(cosines))
        decision, retry_reason = Decision(True, "independent", "", None), ""
        for row in nearest_first:
            cosine = round(float(snapshot.vectors.read([row])[0] @ vector), 6)
            id = snapshot.ids[row]
            if id == entry.id:
                continue
            if not decision.nearest:
                decision = decision._replace(nearest=id, cosine=cosine)
            if cosine < tau:
                break
            other = self._store.entry(id)
            if other is None:  # removed a moment ago
                continue
            if self._tried(other, entry):
                return Decision(False, _describe_repeat(other), other.id, cosine)
            retry_reason = retry_reason or _describe_retry(other)
            decision = decision._replace(again=(*decision.again, other.id))
        return decision._replace(reason=retry_reason or decision.reason)

    def admit(self, entry: Entry, vector: Vector, tau: float) -> Decision:
        """Keep a hypothesis unless it repeats one. This is decided again while nobody else can add entries: where two
        runs propose the same hypothesis at the same time, one of them keeps it. A second call with the same id
        changes nothing."""
        decision = Decision(True, "independent", "", None)

        def allowed() -> bool:
            nonlocal decision
            decision = self.decide(entry, vector, tau)
            return decision.kept

        self._store.add(entry, vector, allowed)
        return decision

    def remove_lost(self, run: str, known: Collection[str]) -> None:
        """Remove the entries of a run except the `known` ones: its ledger lost the others, so it may propose them
        again."""
        if lost := [id for id in self._store.ids_of_run(run) if id not in known]:
            self._store.remove(lost)

    def add_lesson(self, id: str, meta: dict[str, Any]) -> None:
        """Add the result of a hypothesis, such as its verdict; failures are kept as well as successes."""
        self._store.update_meta(id, meta)

    def search(self, vector: Vector, k: int = 5) -> list[Neighbour]:
        """Return the `k` nearest entries over all tasks, nearest first; ties in the order of insertion.

        The search is exact up to `EXACT_SEARCH_ENTRIES` entries, and where another process holds the index.
        """
        snapshot = self._store.snapshot()
        rows = self._candidate_rows(snapshot, vector, max(CANDIDATES, k))
        cosines = (
            snapshot.cosines(vector[None])[0]
            if rows is None
            else np.einsum("ij,j->i", snapshot.vectors.read(rows), vector)
        )
        nearest_first = islice(list_largest(cosines), k)
        places = ((place if rows is None else rows[place], cosines[place]) for place in nearest_first)
        matches = ((self._store.entry(snapshot.ids[row]), float(cosine)) for row, cosine in places)
        return [_neighbour(entry, cosine) for entry, cosine in matches if entry is not None]

    def nearest(self, text: str, k: int = 5) -> list[Neighbour]:
        """Search by a text."""
        return self.search(self.embedder.embed([text])[0], k)

    def snapshot(self) -> BankSnapshot:
        """Return all entries by id, vector and the numbers by which they are chosen."""
        return self._store.snapshot()

    def entry(self, id: str) -> Entry | None:
        return self._store.entry(id)

    @property
    def index_unavailable(self) -> str:
        """The reason why searches don't use Chroma, "" where they can."""
        return self._index.unavailable_reason

    def __len__(self) -> int:
        return self._store.snapshot().size

    def rebuild(self, ledgers: Iterable[Reader]) -> None:
        """Replace all entries with the hypotheses that the runs kept at screening, in the order of the ledgers.
        Recorded vectors of this embedder are reused, others are computed."""
        backfills = [backfill for ledger in ledgers for backfill in backfill_run(ledger, self.project)]
        self._store.replace_all(
            self.embedder.id, self.embedder.dims, zip(_entries(backfills), self._vectors(backfills), strict=True)
        )

    def _vectors(self, backfills: list[Backfill]) -> list[Vector]:
        recorded = [_usable_vector(backfill.recorded, self.embedder) for backfill in backfills]
        missing_texts = [
            backfill.entry.text for backfill, vector in zip(backfills, recorded, strict=True) if vector is None
        ]
        embedded = iter(self.embedder.embed(missing_texts)) if missing_texts else iter(())
        return [next(embedded) if vector is None else vector for vector in recorded]

    def _tried(self, other: Entry, entry: Entry) -> bool:
        """Whether `other` counts as tested. One that is pending or undecided counts within its own run, and elsewhere
        while a process drives that run: it may still be decided there."""
        status = lesson_status(other.meta)
        if status not in (LessonStatus.PENDING, *RETESTABLE) or other.meta.get("run") == entry.meta["run"]:
            return status is not LessonStatus.UNTESTED
        return lock_holder(run_folder(self.project, str(other.meta.get("run", "")))) is not None

    def _candidate_rows(self, snapshot: BankSnapshot, vector: Vector, count: int) -> NDArray[np.intp] | None:
        """Return the rows to compare with: None for all, or Chroma's candidates where there are very many."""
        if snapshot.size > EXACT_SEARCH_ENTRIES:
            candidates = self._index.candidates(snapshot, self.embedder.id, vector, count)
            if candidates:
                return np.array([row for row, id in enumerate(snapshot.list_ids()) if id in candidates], dtype=np.intp)
        return None


def _embedder_mismatch(project: Path, header: BankHeader, wanted: str) -> BadInput:
    mismatch = f"made with embedder {header.embedder} ({header.dims} dims), not {wanted}"
    remedy = f"set models.embedder to that one, or run `{REBUILD_COMMAND}`"
    return BadInput(f"{_bank_folder(project)}: {mismatch}; vectors of two embedders can't be compared: {remedy}")


def _bank_folder(project: Path) -> Path:
    folder = project_folder(project) / BANK_FOLDER
    folder.mkdir(exist_ok=True)
    return folder


def _entries(backfills: list[Backfill]) -> list[Entry]:
    return [backfill.entry for backfill in backfills]


def _usable_vector(recorded: Recorded | None, embedder: Embedder) -> Vector | None:
    fits = recorded is not None and (recorded.embedder, recorded.dims) == (embedder.id, embedder.dims)
    return unpack_vector(recorded) if fits and recorded is not None else None


def _describe_repeat(other: Entry) -> str:
    prefix = "the dead end " if lesson_status(other.meta) is LessonStatus.DEAD_END else ""
    result = describe_result(other.meta)
    return f"repeats {prefix}{other.id}{f' ({result})' if result else ''}"


def _describe_retry(other: Entry) -> str:
    verdict, _, detail = describe_result(other.meta).partition(": ")
    reason = f"is {verdict} ({detail})" if lesson_status(other.meta) in RETESTABLE else "was never tested to the end"
    return f"tries {other.id} again, which {reason}"


def _neighbour(entry: Entry, cosine: float) -> Neighbour:
    return Neighbour(entry.id, entry.text, cosine, entry.meta)
