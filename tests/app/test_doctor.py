"""`pelagos doctor --rebuild-bank` makes the bank anew from the runs' ledgers."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.doctor import rebuilt
from memory.bank import HypothesisBank
from memory.embedder import minilm
from memory.minilm import MODEL, TOKENIZER
from memory.weights import cached


@pytest.mark.skipif(not (cached(MODEL) and cached(TOKENIZER)), reason="the embedder's weights are not in the cache")
def test_the_bank_is_made_anew_from_the_runs(run_folder: Path) -> None:
    project = run_folder.parent.parent
    assert rebuilt(project) == 2
    with closing(HypothesisBank.open(project, minilm())) as bank:
        found = bank.nearest("Smooth labels. Do it 0.", k=1)[0]
    assert found.cosine == pytest.approx(1.0, abs=1e-5)
    assert found.meta["task"] == "digits"
    assert found.id == "demo/h1-0"
