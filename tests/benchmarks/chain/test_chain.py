"""All stages at the smallest size; a second call computes nothing again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.chain.__main__ import main, run_all
from benchmarks.chain.results import Results
from benchmarks.chain.settings import SMALL


@pytest.mark.slow
def test_all_stages_run_and_a_second_call_computes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--small", "--folder", str(tmp_path)]
    main(arguments)
    first = capsys.readouterr().out
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    monkeypatch.setattr(torch.Tensor, "backward", lambda _: pytest.fail("trained again"))
    main(arguments)
    second = capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == kept
    assert second == "".join(line for line in first.splitlines(keepends=True) if not line.startswith("{"))
    for part in ("(a) best-of-N", "(a) localisation", "(b) F1", "(c) searches", "(c) selector"):
        assert f"CHAIN {part}" in second


@pytest.mark.slow
def test_the_other_domains_run_with_a_policy_that_writes_anything(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    run_all(tmp_path, SMALL._replace(policy_updates={"m": 2}), results, ["listop", "pytrace"])
    for domain in ("listop", "pytrace"):
        assert results.has(f"{domain}/a/done/rule")
