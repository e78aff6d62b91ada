from __future__ import annotations

from contextlib import closing
from pathlib import Path

from app.live.board import count_funnel
from app.record.folders import read_record
from benchmarks.large_run import make_large_run
from memory.ledger.ledger import Ledger
from memory.search.search import search_runs


def test_it_is_a_whole_run_that_is_made_once(tmp_path: Path) -> None:
    run = make_large_run(tmp_path / "run", 8)
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        assert ledger.damage == ""  # every row continues the chain
        rows = ledger.last_seq()
    record = read_record(run)
    record.read_nouns()
    funnel = count_funnel(record)
    assert (funnel.proposed, funnel.kept, funnel.executed) == (8, 8, 8)
    assert len(record.verdicts) == len(record.lessons) == 8
    assert {hit.hypothesis for hit in search_runs([run], "label smoothing", ["hypothesis"]).hits} == {"h7"}
    assert search_runs([run], "epoch", ["log"]).hits[0].more > 0
    make_large_run(run, 9)
    with closing(Ledger.read(run / "ledger.db")) as reader:
        assert reader.last_seq() == rows
