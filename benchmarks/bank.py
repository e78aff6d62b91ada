"""`python -m benchmarks.bank [--size 100000]`: the hypothesis bank at a size no project will reach.

Ledgers of 1,000 hypotheses each are written as runs write them, over ten tasks, with made-up vectors: 384 dimensions,
40 wordings around each idea, with the mean and the spectrum of MiniLM's vectors of the shipped pairs. Measured: making
the bank anew from the ledgers, a cold start, the exact decision, and Chroma's search beside it: as the bank uses it,
plain, and with a metadata filter. Run again with the same folder, the ledgers are taken as they are.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import insert

from memory.bank import CANDIDATES, HypothesisBank
from memory.harvest import VECTOR
from memory.index import SearchIndex
from memory.keys import canonical
from memory.ledger import Ledger
from memory.rows import GENESIS, Row, connect, create_schema, events, link
from memory.vectors import Entry, Held, Vector

DIMS, TASKS, RUN_SIZE, SIBLINGS, K = 384, 10, 1000, 40, 10
MEAN, KINSHIP = 0.525, 0.56
SPECTRUM = (1 + np.arange(DIMS) / 15) ** -1.9
BATCH = 5000


class Made:
    """Stands for the embedder: every vector is in the ledgers."""

    id, dims, tau = "made-384", DIMS, 0.567

    def embed(self, texts: list[str]) -> Vector:
        raise AssertionError(f"{len(texts)} vectors are not in the ledgers")


class Timed(NamedTuple):
    """Milliseconds."""

    p50: float
    p95: float
    worst: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} | {self.p95:.1f} | {self.worst:.1f}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-bank"))
    args = parser.parse_args(argv)
    project = args.folder / str(args.size)
    vectors = clustered(args.size)
    write_ledgers(project, vectors)
    print(*measured(project, queries(args.queries, args.size)), sep="\n")


def clustered(size: int, seed: int = 0) -> Vector:
    """Unit vectors (size, DIMS), `SIBLINGS` around each centre."""
    dice = np.random.default_rng(seed)
    centres = _ideas(dice, -(-size // SIBLINGS))
    return _told(dice, centres[dice.permutation(np.arange(size) // SIBLINGS)])


def queries(count: int, size: int, seed: int = 0) -> Vector:
    """Half are new siblings around the centres of `clustered(size, seed)`, half around centres of their own."""
    dice = np.random.default_rng(seed)
    centres = _ideas(dice, -(-size // SIBLINGS))
    dice = np.random.default_rng(seed + 1)
    near, far = dice.choice(len(centres), count // 2), _ideas(dice, count - count // 2)
    return _told(dice, np.concatenate([centres[near], far]))


def _ideas(dice: np.random.Generator, count: int) -> Vector:
    """Directions spread as those of MiniLM's vectors of the shipped pairs, about their mean."""
    return _unit(dice.normal(size=(count, DIMS)) * SPECTRUM**0.5)


def _told(dice: np.random.Generator, ideas: Vector) -> Vector:
    """One wording of each idea: cosines of 0.68 to another wording, 0.28 to another idea, on average."""
    own = _unit(KINSHIP**0.5 * ideas + (1 - KINSHIP) ** 0.5 * _ideas(dice, len(ideas)))
    return _unit(MEAN * np.eye(1, DIMS, DIMS - 1) + (1 - MEAN**2) ** 0.5 * own)


def write_ledgers(project: Path, vectors: Vector) -> None:
    """One ledger per `RUN_SIZE` hypotheses, each in one transaction; the chain holds as in a run's own."""
    for number, start in enumerate(range(0, len(vectors), RUN_SIZE)):
        folder = project / "runs" / f"run{number:04}"
        if folder.exists():
            continue
        half = folder.with_name(f".{folder.name}")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        engine = connect(half / "ledger.db")
        with engine.begin() as connection:
            create_schema(connection)
            facts = _facts(f"task{number % TASKS}", vectors[start : start + RUN_SIZE])
            connection.execute(insert(events), [row._asdict() for row in _chained(facts)])
        engine.dispose()
        half.rename(folder)


def measured(project: Path, asked: Vector) -> list[str]:
    """Lines of Markdown."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:  # so that its memory isn't counted here
        rebuilding = other.submit(_rebuilding, project).result()
    before = _rss_mb()
    bank, opening = _timed(lambda: HypothesisBank.open(project, Made()))
    count, loading = _timed(lambda: len(bank))
    entries = [Entry(f"new/{place}", "", {"task": f"task{place % TASKS}", "run": "new"}) for place in range(len(asked))]
    deciding = _each(lambda place: bank.decide(entries[place], asked[place], Made.tau), len(asked))
    held = bank._store.held()
    exact = _each(lambda place: held.cosines(asked[place]), len(asked))
    own = _rss_mb() - before
    lines = [
        f"{count} hypotheses of {DIMS} dimensions in {len(list((project / 'runs').iterdir()))} ledgers, {TASKS} tasks.",
        "",
        f"- made anew from the ledgers: {rebuilding:.1f} s; opened: {opening + loading:.1f} s",
        f"- disk: {_mb(project / '.pelagos' / 'bank', 'vectors.sqlite*'):.0f} MB, ledgers "
        f"{_mb(project / 'runs', '*/ledger.db'):.0f} MB; memory: {own:.0f} MB",
        "",
        "| | p50 ms | p95 ms | worst ms | recall@10 |",
        "|---|---|---|---|---|",
        f"| the bank's decision (exact, of one task) | {deciding} | 1 |",
        f"| exact cosines of all, numpy alone | {exact} | 1 |",
    ]
    lines += _by_chroma(project, held, asked)
    bank.close()
    return lines


def _by_chroma(project: Path, held: Held, asked: Vector) -> list[str]:
    """The bank's index, then a plain collection with the task as metadata, with and without the filter."""
    before, place = _rss_mb(), project / "chroma-index"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    with closing(SearchIndex(place)) as index:
        _, building = _timed(lambda: index.candidates(held, Made.id, asked[0], CANDIDATES))
        searching = _each(lambda n: index.candidates(held, Made.id, asked[n], CANDIDATES), len(asked))
        found = [index.candidates(held, Made.id, query, CANDIDATES) for query in asked]
        if index.without:
            return [f"| Chroma: {index.without} | | | | |"]
    everywhere = np.ones(len(held.entries), dtype=bool)
    lines = [
        f"| Chroma, the bank's index ({CANDIDATES} candidates) | {searching} | {_recall(found, held, asked, [everywhere] * len(asked))} |"
    ]
    plain = _plain(project / "chroma-plain", held)
    kwargs: list[dict[str, Any]] = [{"where": {"task": f"task{n % TASKS}"}} for n in range(len(asked))]
    for name, wheres in (("plain query", [{}] * len(asked)), ("with a metadata filter", kwargs)):
        ask = lambda n, wheres=wheres: plain.query(asked[n][None], n_results=K, include=[], **wheres[n])  # noqa: E731
        times = _each(ask, len(asked))
        found = [set(ask(n)["ids"][0]) for n in range(len(asked))]
        masks = [held.of_task(f"task{n % TASKS}") if wheres[n] else everywhere for n in range(len(asked))]
        lines.append(f"| Chroma, {name} | {times} | {_recall(found, held, asked, masks)} |")
    disk = _mb(place, "chroma/**/*")
    return [
        *lines,
        "",
        f"Chroma's index: made in {building:.0f} s, {disk:.0f} MB of disk, {_rss_mb() - before:.0f} MB of memory (both).",
    ]


def _plain(folder: Path, held: Held) -> Any:
    import chromadb
    from chromadb.config import Settings

    shutil.rmtree(folder, ignore_errors=True)
    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    made = client.create_collection("plain", embedding_function=None, metadata={"hnsw:space": "cosine"})
    for start in range(0, len(held.entries), BATCH):
        part = held.entries[start : start + BATCH]
        made.add(
            ids=[entry.id for entry in part],
            embeddings=held.vectors[start : start + BATCH],
            metadatas=[{"task": entry.meta["task"]} for entry in part],
        )
    return made


def _recall(found: Sequence[set[str]], held: Held, asked: Vector, masks: Sequence[Any]) -> str:
    """Of the exact K nearest among the masked, the share that was found."""
    hits = total = 0
    for ids, query, mask in zip(found, asked, masks, strict=True):
        rows = np.flatnonzero(mask)
        best = rows[np.argsort(-(held.vectors[rows] @ query))[:K]]
        hits += len({held.entries[row].id for row in best} & ids)
        total += len(best)
    return f"{hits / total:.3f}"


def _anew(project: Path) -> HypothesisBank:
    with ExitStack() as stack:
        ledgers = sorted((project / "runs").glob("*/ledger.db"))
        readers = (stack.enter_context(closing(Ledger.read(path))) for path in ledgers)
        return HypothesisBank.anew(project, Made(), readers)


def _rebuilding(project: Path) -> float:
    bank, seconds = _timed(lambda: _anew(project))
    bank.close()
    return float(seconds)


def _facts(task: str, vectors: Vector) -> Iterator[tuple[str, str, dict[str, Any]]]:
    metric = {"name": "accuracy", "direction": "up", "unit": "points", "min_effect": 0.1}
    yield "run.started", "run", {"task": task, "metric": metric}
    for number, vector in enumerate(vectors):
        id = f"h{1 + number // 4}-{number % 4}"
        text = {"title": f"Change number {number}", "statement": f"Change {number} of {task} lowers the error. " * 4}
        yield (
            "hypothesis",
            id,
            {"id": id, "target": "a.py::f", "predicted_effect": 0.5, **text},
        )
        raw = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        yield VECTOR, id, {"embedder": Made.id, "dims": DIMS, "float32": raw}
        yield "screened", id, {"hypothesis": id, "kept": True, "reason": "independent"}
        told = {"id": f"l{id}", "hypothesis": id, "verdict": "refuted", "effect": -0.4, "low": -0.6, "high": -0.2}
        yield "lesson", id, {**told, "failure": "", "text": "refuted", "seconds": 12.0, "tokens": 900}


def _chained(facts: Iterator[tuple[str, str, dict[str, Any]]]) -> Iterator[Row]:
    chain, at = GENESIS, time.time()
    for seq, (kind, key, payload) in zip(itertools.count(1), facts, strict=False):
        text = canonical(payload)
        chain = link(chain, seq, at, kind, key, text)
        yield Row(seq, at, kind, key, text, chain)


def _timed(act: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return act(), time.perf_counter() - began


def _each(act: Callable[[int], Any], count: int) -> Timed:
    times = np.array([_timed(lambda place=place: act(place))[1] * 1000 for place in range(count)])
    return Timed(float(np.percentile(times, 50)), float(np.percentile(times, 95)), float(times.max()))


def _unit(rows: Any) -> Vector:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _mb(folder: Path, pattern: str) -> float:
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file()) / 1e6


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
