from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.plans.rows import append_row, read_rows


def test_a_line_that_was_cut_short_is_no_row_and_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    append_row(file, {"id": "a"})
    append_row(file, {"id": "b"})
    whole = file.read_bytes()
    for cut in range(len(whole) + 1):
        file.write_bytes(whole[:cut])
        kept = list(read_rows(file))
        append_row(file, {"id": "c"})

        assert list(read_rows(file)) in ([*kept, {"id": "c"}], [*kept[:-1], {"id": "c"}])


def test_a_missing_file_has_no_rows(tmp_path: Path) -> None:
    assert list(read_rows(tmp_path / "none.jsonl")) == []


def test_a_bad_line_before_the_last_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "a"}\n{"id\n{"id": "b"}\n')

    with pytest.raises(ValueError, match="line 2"):
        list(read_rows(file))
