from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.models.catalog.catalog import find_entry
from agents.models.catalog.choice.rate import estimate_rate, rate_from_bandwidth, rate_from_runs


def test_a_runs_speed_is_scaled_by_size(tmp_path: Path, wrote: Callable[..., None]) -> None:
    wrote(20.0)
    rate = rate_from_runs(tmp_path)
    assert rate is not None
    assert rate.tokens_s(find_entry("")) == pytest.approx(20)
    assert rate.tokens_s(find_entry("qwen2.5-coder-7b")) == pytest.approx(20 * 1_117_320_768 / 4_683_073_536)
    assert rate.how == "qwen2.5-coder-1.5b wrote 20 tokens/s in night, scaled by the files' sizes"


def test_the_newest_run_that_tells_counts(tmp_path: Path, wrote: Callable[..., None]) -> None:
    wrote(20.0, run="old")
    wrote(7.0, spec="embedded:qwen2.5-coder-7b", run="new")
    wrote(500.0, spec="openai:big", run="endpoint")
    wrote(300.0, spec="embedded:smollm2-135m", run="tiny")
    for age, run in enumerate(("tiny", "endpoint", "new", "old")):
        os.utime(tmp_path / "runs" / run / "ledger.db", (1e9 - age, 1e9 - age))
    rate = estimate_rate(tmp_path)
    assert rate.tokens_s(find_entry("qwen2.5-coder-7b")) == pytest.approx(7)


def test_a_ledger_that_cannot_be_read_is_passed_over(tmp_path: Path, wrote: Callable[..., None]) -> None:
    wrote(20.0)
    (tmp_path / "runs" / "bad").mkdir()
    (tmp_path / "runs" / "bad" / "ledger.db").write_bytes(b"no database" * 100)
    assert rate_from_runs(tmp_path) is not None


def test_without_a_run_the_memory_is_measured(tmp_path: Path) -> None:
    assert rate_from_runs(tmp_path) is None
    rate = rate_from_bandwidth()
    assert 1e8 < rate.bytes_s < 5e12
    assert "GB/s" in rate.how
