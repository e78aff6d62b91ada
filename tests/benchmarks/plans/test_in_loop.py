from __future__ import annotations

import tarfile
from pathlib import Path

from app.record.folders import read_record
from app.record.record import Record
from benchmarks.plans.in_loop import describe_shares, make_row

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*.tar.xz"))


def test_shares_are_of_the_kept_hypotheses_of_one_arm(tmp_path: Path) -> None:
    with tarfile.open(GOLDEN[-1]) as archive:
        archive.extractall(tmp_path, filter="data")
    record = read_record(next(path.parent for path in tmp_path.rglob("ledger.db")))
    kept, executed = len(record.kept), len(record.kept & record.executed)
    lines = describe_shares({("digits", "ranked"): record, ("digits", "first"): Record()})
    assert kept > 0
    assert lines[0].startswith(f"ranked, executed: {executed} of {kept} (")
    assert "first, executed: 0 of 0 (0.00 to 1.00)" in lines
    assert make_row("digits", "ranked", record).startswith("| digits | ranked | ")
