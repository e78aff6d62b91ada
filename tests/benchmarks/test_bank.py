"""The bank's benchmark on ledgers that are as a run writes them; the independence check's tells its threshold."""

from __future__ import annotations

import warnings
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks import bank, independence
from memory.embedders.embedder import hashing
from memory.ledger.ledger import Ledger


def test_its_ledgers_hold_their_chain_and_their_vectors(tmp_path: Path) -> None:
    vectors = bank.draw_clustered(120)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    bank.write_ledgers(tmp_path, vectors)
    with closing(Ledger.open(tmp_path / "runs" / "run0000" / "ledger.db")) as ledger:
        assert ledger.damage == ""
        assert len(ledger.events("vector")) == 120
    with closing(bank._recreate(tmp_path)) as rebuilt:
        snapshot = rebuilt._store.snapshot()
    np.testing.assert_array_equal(snapshot.vectors.read(range(120)), vectors)


def test_it_measures(tmp_path: Path) -> None:
    bank.write_ledgers(tmp_path, bank.draw_clustered(120))
    lines = "\n".join(bank.measure(tmp_path, bank.draw_queries(10, 120)))
    assert lines.startswith("120 hypotheses of 384 dimensions in 1 ledgers")
    assert "| the bank's decision (exact, of one task) | " in lines
    assert "Chroma, with a metadata filter" in lines


def test_the_calibrated_threshold_is_among_the_points() -> None:
    with warnings.catch_warnings(action="ignore"):
        embedder = hashing()
    lines = independence.make_report(embedder)
    assert sum(f"**{embedder.tau:g}**" in line for line in lines) == 1
    scores, same = np.array([0.1, 0.5, 0.9, 0.9]), np.array([False, False, True, True])
    assert independence.make_row(scores, same, 0.5, False).startswith("| 0.5 | 1.00 [0.34, 1.00] | 0.50 [0.09, 0.91] |")
