"""The bank finds neighbours exactly, never mixes embedders, and can be made anew from the ledgers."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from memory import bank as module
from memory.bank import HypothesisBank, entry, learned
from memory.embedder import Embedder, hashing
from memory.ledger import Ledger
from pelagos.errors import BadInput, DamagedRun

IDEAS = ["dropout on the hidden layer", "label smoothing", "cosine learning rate", "wider hidden layer", "mixup"]


class Other:
    """Another embedder of the same width."""

    id, dims, tau = "other", 512, 0.5

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        return np.tile(np.eye(1, 512, dtype=np.float32), (len(texts), 1))


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hashing()


@pytest.fixture
def bank(tmp_path: Path, embedder: Embedder) -> Iterator[HypothesisBank]:
    made = HypothesisBank.open(tmp_path, embedder)
    yield made
    made.close()


def fill(bank: HypothesisBank) -> None:
    for number, idea in enumerate(IDEAS):
        bank.add(f"run/{number}", idea, {"n": number})


def state(bank: HypothesisBank) -> list[tuple[str, str, float, dict[str, Any]]]:
    return sorted((near.id, near.text, round(near.cosine, 6), near.meta) for near in bank.nearest("layer", k=100))


def test_nearest_first_with_exact_cosines(bank: HypothesisBank, embedder: Embedder) -> None:
    assert bank.nearest("anything") == []
    fill(bank)
    found = bank.nearest("dropout on a hidden layer", k=3)
    assert found[0].id == "run/0"
    assert found[0].meta == {"n": 0}
    left, right = embedder.embed(["dropout on a hidden layer", IDEAS[0]])
    assert found[0].cosine == pytest.approx(float(left @ right), abs=1e-6)
    assert [near.cosine for near in found] == sorted((near.cosine for near in found), reverse=True)


def test_adding_again_changes_nothing(bank: HypothesisBank) -> None:
    fill(bank)
    bank.add("run/0", "something else", {})
    assert len(bank) == len(IDEAS)
    assert bank.nearest(IDEAS[0], k=1)[0].text == IDEAS[0]


def test_what_was_learned_stays(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    fill(bank)
    other = HypothesisBank.open(tmp_path, embedder)
    assert other.nearest("mixup", k=1)[0].meta == {"n": 4}
    bank.learn("run/4", {"verdict": "refuted"})
    assert other.nearest("mixup", k=1)[0].meta == {"n": 4, "verdict": "refuted"}
    other.close()


def test_chroma_gives_candidates_for_a_large_bank(bank: HypothesisBank, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(bank)
    exact = bank.nearest("hidden layer", k=3)
    assert bank.index == ""
    monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    assert bank.nearest("hidden layer", k=3) == exact
    monkeypatch.setattr(module, "CANDIDATES", 2)
    assert bank.nearest("hidden layer", k=2) == exact[:2]


def test_a_second_holder_goes_without_the_index_and_decides_alike(
    bank: HypothesisBank, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bank)
    second = HypothesisBank.open(tmp_path, embedder)
    assert "another process holds the index" in second.index
    second.add("run/late", "gradient clipping", {})
    assert state(second) == state(bank)
    monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    assert bank.nearest("gradient clipping", k=1)[0].id == "run/late"
    second.close()


def test_another_process_may_add(bank: HypothesisBank, tmp_path: Path) -> None:
    fill(bank)
    code = (
        "import sys; from memory.bank import HypothesisBank; from memory.embedder import hashing;"
        "b = HypothesisBank.open(sys.argv[1], hashing()); b.add('x/1', 'early stopping', {}); print(b.index)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert "another process" in done.stdout, done.stderr
    assert bank.nearest("early stopping", k=1)[0].id == "x/1"


def test_chroma_failing_leaves_the_bank_at_work(bank: HypothesisBank, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(bank)
    assert bank._chroma is not None
    bank._chroma._client.delete_collection("hypotheses")
    bank.add("run/9", "early stopping", {})
    assert "chroma failed" in bank.index
    assert bank.nearest("early stopping", k=1)[0].id == "run/9"


def test_embedders_are_never_mixed(bank: HypothesisBank, tmp_path: Path) -> None:
    fill(bank)
    with pytest.raises(BadInput, match=r"made with embedder hashing-512 .* not other .*doctor --rebuild-bank"):
        HypothesisBank.open(tmp_path, Other())


def test_garbage_is_said_with_the_way_out(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / ".pelagos" / "bank"
    folder.mkdir(parents=True)
    (folder / "vectors.sqlite").write_bytes(b"garbage " * 1000)
    with pytest.raises(DamagedRun, match="doctor --rebuild-bank"):
        HypothesisBank.open(tmp_path, embedder)


def one_run(project: Path, name: str, bank: HypothesisBank) -> Ledger:
    """What the nodes do: hypotheses, screening, lessons; every third is thrown out."""
    ledger = Ledger.open(project / "runs" / name / "ledger.db")
    ledger.append("run.started", "run", {"task": "digits"})
    for number, idea in enumerate(IDEAS):
        made = {"id": f"h{number}", "title": idea, "statement": f"{name} tries {idea}", "cycle": 1, "target": "t"}
        ledger.append("hypothesis", made["id"], made)
        kept = number % 3 != 2
        ledger.append("screened", made["id"], {"hypothesis": made["id"], "kept": kept})
        if kept:
            bank.add(*entry(made, name, "digits"))
            lesson = {"hypothesis": made["id"], "verdict": None, "effect": 0.1 * number, "failure": "", "text": "x"}
            ledger.append("lesson", made["id"], lesson)
            bank.learn(f"{name}/{made['id']}", learned(lesson))
    return ledger


def test_a_rebuilt_bank_equals_the_original(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    ledgers = [one_run(tmp_path, name, bank) for name in ("first", "second")]
    original = state(bank)
    assert len(original) == 8
    assert original[0][3]["task"] == "digits"
    bank.rebuild(ledgers)
    assert state(bank) == original
    bank.close()
    anew = HypothesisBank.anew(tmp_path / "elsewhere", embedder, [Ledger.read(ledger.path) for ledger in ledgers])
    assert state(anew) == original
    anew.close()


def test_a_bank_is_made_anew_for_another_embedder(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    ledger = one_run(tmp_path, "first", bank)
    bank.close()
    HypothesisBank.anew(tmp_path, Other(), [ledger]).close()
    again = HypothesisBank.open(tmp_path, Other())
    assert [near.cosine for near in again.nearest("x", k=2)] == [1.0, 1.0]
    again.close()
    with pytest.raises(BadInput, match="made with embedder other"):
        HypothesisBank.open(tmp_path, embedder)
