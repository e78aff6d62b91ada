"""`pelagos doctor`: cards are listed; `--rebuild-bank` makes the bank anew from the runs' ledgers."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.checks import cards
from app.doctor import rebuilt
from memory.bank import HypothesisBank
from memory.embedder import minilm
from memory.minilm import MODEL, TOKENIZER
from memory.weights import cached
from tests.sandbox.fake_smi import on_path


@pytest.mark.skipif(not (cached(MODEL) and cached(TOKENIZER)), reason="the embedder's weights are not in the cache")
def test_the_bank_is_made_anew_from_the_runs(run_folder: Path) -> None:
    project = run_folder.parent.parent
    assert rebuilt(project) == 2
    with closing(HypothesisBank.open(project, minilm())) as bank:
        found = bank.nearest("Smooth labels. Do it 0.", k=1)[0]
    assert found.cosine == pytest.approx(1.0, abs=1e-5)
    assert found.meta["task"] == "digits"
    assert found.id == "demo/h1-0"


def test_cards_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = on_path(tmp_path, monkeypatch, cards=2)
    smi.used = [0, 1000]
    smi.tell()
    assert [(one.state, one.found) for one in cards()] == [
        ("ok", "0: NVIDIA Fake, 0 of 10486 MB in use"),
        ("ok", "1: NVIDIA Fake, 1049 of 10486 MB in use"),
    ]


def test_no_card_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (none,) = cards()
    assert (none.state, none.essential) == ("missing", False)
