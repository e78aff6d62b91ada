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

from memory.bank.bank import CANDIDATES, HypothesisBank
from memory.bank.index import SearchIndex
from memory.bank.vector_file import Vector
from memory.bank.vectors import BankSnapshot, Entry
from memory.ledger.keys import canonical
from memory.ledger.ledger import Ledger
from memory.ledger.rows import GENESIS, Row, chain_value, connect, create_schema, insert_rows, transaction

DIMS, TASKS, RUN_SIZE, SIBLINGS, K = 384, 10, 1000, 40, 10
MEAN, KINSHIP = 0.525, 0.56
SPECTRUM = (1 + np.arange(DIMS) / 15) ** -1.9
BATCH = 5000


class FixedEmbedder:
    """Stands for the embedder, which is not asked: every vector is in the ledgers."""

    id, dims, tau = "made-384", DIMS, 0.567

    def embed(self, texts: list[str]) -> Vector:
        raise AssertionError(f"{len(texts)} vectors are not in the ledgers")


class Percentiles(NamedTuple):
    """Percentiles of durations, in milliseconds."""

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
    vectors = draw_clustered(args.size)
    write_ledgers(project, vectors)
    print(*measure(project, draw_queries(args.queries, args.size)), sep="\n")


def draw_clustered(size: int, seed: int = 0) -> Vector:
    """Draw unit vectors (size, DIMS), `SIBLINGS` around each centre."""
    dice = np.random.default_rng(seed)
    centres = _draw_ideas(dice, -(-size // SIBLINGS))
    return _draw_wordings(dice, centres[dice.permutation(np.arange(size) // SIBLINGS)])


def draw_queries(count: int, size: int, seed: int = 0) -> Vector:
    """Draw (count, DIMS): half are siblings around the centres of `draw_clustered(size, seed)`, half around new centres."""
    dice = np.random.default_rng(seed)
    centres = _draw_ideas(dice, -(-size // SIBLINGS))
    dice = np.random.default_rng(seed + 1)
    near, far = dice.choice(len(centres), count // 2), _draw_ideas(dice, count - count // 2)
    return _draw_wordings(dice, np.concatenate([centres[near], far]))


def _draw_ideas(dice: np.random.Generator, count: int) -> Vector:
    """Draw directions about their mean, spread as those of MiniLM's vectors of the shipped pairs."""
    return _normalise(dice.normal(size=(count, DIMS)) * SPECTRUM**0.5)


def _draw_wordings(dice: np.random.Generator, ideas: Vector) -> Vector:
    """Draw one wording of each idea: cosines of 0.68 to another wording, 0.28 to another idea, on average."""
    direction = _normalise(KINSHIP**0.5 * ideas + (1 - KINSHIP) ** 0.5 * _draw_ideas(dice, len(ideas)))
    return _normalise(MEAN * np.eye(1, DIMS, DIMS - 1) + (1 - MEAN**2) ** 0.5 * direction)


def write_ledgers(project: Path, vectors: Vector) -> None:
    """Write one ledger per `RUN_SIZE` hypotheses, each in one transaction; its chain is whole, as in a run's own."""
    for number, start in enumerate(range(0, len(vectors), RUN_SIZE)):
        folder = project / "runs" / f"run{number:04}"
        if folder.exists():
            continue
        half = folder.with_name(f".{folder.name}")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        with closing(connect(half / "ledger.db")) as connection, transaction(connection):
            create_schema(connection)
            facts = _make_facts(f"task{number % TASKS}", vectors[start : start + RUN_SIZE])
            insert_rows(connection, _chain(facts))
        half.rename(folder)


def measure(project: Path, vectors: Vector) -> list[str]:
    """Return the results as lines of Markdown."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # so that its memory isn't counted here
        rebuilding = pool.submit(_time_rebuilding, project).result()
    memory_before = _read_rss_mb()
    bank, opening = _time_call(lambda: HypothesisBank.open(project, FixedEmbedder()))
    count, loading = _time_call(lambda: len(bank))
    entries = [
        Entry(f"new/{index}", "", {"task": f"task{index % TASKS}", "run": "new"}) for index in range(len(vectors))
    ]
    deciding = _time_each(lambda index: bank.decide(entries[index], vectors[index], FixedEmbedder.tau), len(vectors))
    snapshot = bank._store.snapshot()
    exact = _time_each(lambda index: snapshot.cosines(vectors[index][None]), len(vectors))
    memory_mb = _read_rss_mb() - memory_before
    lines = [
        f"{count} hypotheses of {DIMS} dimensions in {len(list((project / 'runs').iterdir()))} ledgers, {TASKS} tasks.",
        "",
        f"- made anew from the ledgers: {rebuilding:.1f} s; opened: {opening + loading:.1f} s",
        f"- disk: {_sum_mb(project / '.pelagos' / 'bank', 'vectors.sqlite*'):.0f} MB, ledgers "
        f"{_sum_mb(project / 'runs', '*/ledger.db'):.0f} MB; memory: {memory_mb:.0f} MB",
        "",
        "| | p50 ms | p95 ms | worst ms | recall@10 |",
        "|---|---|---|---|---|",
        f"| the bank's decision (exact, of one task) | {deciding} | 1 |",
        f"| exact cosines of all | {exact} | 1 |",
    ]
    lines += _measure_chroma(project, snapshot, vectors)
    bank.close()
    return lines


def _measure_chroma(project: Path, snapshot: BankSnapshot, vectors: Vector) -> list[str]:
    """Measure the bank's index, then a plain collection with the task as metadata, with and without the filter."""
    memory_before, folder = _read_rss_mb(), project / "chroma-index"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with closing(SearchIndex(folder)) as index:
        _, building = _time_call(lambda: index.candidates(snapshot, FixedEmbedder.id, vectors[0], CANDIDATES))
        searching = _time_each(
            lambda n: index.candidates(snapshot, FixedEmbedder.id, vectors[n], CANDIDATES), len(vectors)
        )
        candidates = [index.candidates(snapshot, FixedEmbedder.id, query, CANDIDATES) for query in vectors]
        if index.unavailable_reason:
            return [f"| Chroma: {index.unavailable_reason} | | | | |"]
    everywhere = np.ones(snapshot.size, dtype=bool)
    lines = [
        f"| Chroma, the bank's index ({CANDIDATES} candidates) | {searching} | {_format_recall(candidates, snapshot, vectors, [everywhere] * len(vectors))} |"
    ]
    plain = _make_plain_collection(project / "chroma-plain", snapshot)
    kwargs: list[dict[str, Any]] = [{"where": {"task": f"task{n % TASKS}"}} for n in range(len(vectors))]
    for name, filters in (("plain query", [{}] * len(vectors)), ("with a metadata filter", kwargs)):
        query_plain = lambda n, filters=filters: plain.query(vectors[n][None], n_results=K, include=[], **filters[n])  # noqa: E731
        times = _time_each(query_plain, len(vectors))
        candidates = [set(query_plain(n)["ids"][0]) for n in range(len(vectors))]
        masks = [snapshot.in_task(f"task{n % TASKS}") if filters[n] else everywhere for n in range(len(vectors))]
        lines.append(f"| Chroma, {name} | {times} | {_format_recall(candidates, snapshot, vectors, masks)} |")
    disk = _sum_mb(folder, "chroma/**/*")
    return [
        *lines,
        "",
        f"Chroma's index: made in {building:.0f} s, {disk:.0f} MB of disk, {_read_rss_mb() - memory_before:.0f} MB of memory (both).",
    ]


def _make_plain_collection(folder: Path, snapshot: BankSnapshot) -> Any:
    import chromadb
    from chromadb.config import Settings

    shutil.rmtree(folder, ignore_errors=True)
    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    collection = client.create_collection("plain", embedding_function=None, metadata={"hnsw:space": "cosine"})
    names = {code: task for task, code in snapshot.codes.items()}
    for start in range(0, snapshot.size, BATCH):
        rows = range(start, min(start + BATCH, snapshot.size))
        tasks = [{"task": names[code]} for code in snapshot.columns["task"][start : start + BATCH].tolist()]
        ids, embeddings = snapshot.ids[start : start + BATCH], snapshot.vectors.read(rows)
        collection.add(ids=ids, embeddings=embeddings, metadatas=tasks)
    return collection


def _format_recall(
    candidates: Sequence[set[str]], snapshot: BankSnapshot, vectors: Vector, masks: Sequence[Any]
) -> str:
    """Return the share of the exact K nearest among the masked rows that was found."""
    hits = total = 0
    for ids, query, mask in zip(candidates, vectors, masks, strict=True):
        rows = np.flatnonzero(mask)
        best = rows[np.argsort(-(snapshot.vectors.read(rows) @ query))[:K]]
        hits += len({snapshot.ids[row] for row in best} & ids)
        total += len(best)
    return f"{hits / total:.3f}"


def _recreate(project: Path) -> HypothesisBank:
    with ExitStack() as stack:
        ledgers = sorted((project / "runs").glob("*/ledger.db"))
        readers = (stack.enter_context(closing(Ledger.read(path))) for path in ledgers)
        return HypothesisBank.recreate(project, FixedEmbedder(), readers)


def _time_rebuilding(project: Path) -> float:
    bank, seconds = _time_call(lambda: _recreate(project))
    bank.close()
    return float(seconds)


def _make_facts(task: str, vectors: Vector) -> Iterator[tuple[str, str, dict[str, Any]]]:
    metric = {"name": "accuracy", "direction": "up", "unit": "points", "min_effect": 0.1}
    yield "run.started", "run", {"task": task, "metric": metric}
    for number, vector in enumerate(vectors):
        id = f"h{1 + number // 4}-{number % 4}"
        text = {"title": f"Change number {number}", "statement": f"Change {number} of {task} lowers the error. " * 4}
        yield (
            "hypothesis",
            id,
            {"id": id, "target": "a.py::f", "predicted_effect": 0.5, "rationale": "r", "refuted_by": "", **text},
        )
        raw = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        yield "vector", id, {"embedder": FixedEmbedder.id, "dims": DIMS, "float32": raw}
        yield "screened", id, {"hypothesis": id, "kept": True, "reason": "independent"}
        lesson = {"id": f"l{id}", "hypothesis": id, "verdict": "refuted"}
        lesson["effect"] = {"value": -0.4, "low": -0.6, "high": -0.2}
        lesson |= {"title": text["title"], "target": "a.py::f", "text": "refuted", "seconds": 12.0, "tokens": 900}
        yield "lesson", id, lesson


def _chain(facts: Iterator[tuple[str, str, dict[str, Any]]]) -> Iterator[Row]:
    chain, at = GENESIS, time.time()
    for seq, (kind, key, payload) in zip(itertools.count(1), facts, strict=False):
        text = canonical(payload)
        chain = chain_value(chain, seq, at, kind, key, text)
        yield Row(seq, at, kind, key, text, chain)


def _time_call(call: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return call(), time.perf_counter() - began


def _time_each(call: Callable[[int], Any], count: int) -> Percentiles:
    times = np.array([_time_call(lambda index=index: call(index))[1] * 1000 for index in range(count)])
    return Percentiles(float(np.percentile(times, 50)), float(np.percentile(times, 95)), float(times.max()))


def _normalise(rows: Any) -> Vector:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _sum_mb(folder: Path, pattern: str) -> float:
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file()) / 1e6


def _read_rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
