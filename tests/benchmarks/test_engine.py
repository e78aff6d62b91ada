from __future__ import annotations

import pytest

from benchmarks import engine
from benchmarks.engine import Speeds


def test_table_shows_medians() -> None:
    rows = engine.make_table({"a": [Speeds(30, 10, 11, 0.5), Speeds(10, 30, 12, 1.0), Speeds(20, 20, 90, 0.75)]})
    assert rows.splitlines()[-1] == "| a | 20.0 | 20.0 | 12.0 | 75% |"


@pytest.mark.embedded
def test_arms_run_on_the_tiny_twin(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xllamacpp", reason="the embedded engine is not installed: pip install 'pelagos[local]'")
    engine.main(["--model", "smollm2-135m", "--repeats", "1", "--tokens", "24", "--arms", "shipped,batch 64"])
    rows = capsys.readouterr().out.splitlines()[-2:]
    assert [row.split("|")[1].strip() for row in rows] == ["shipped", "batch 64"]
    assert all(float(cell) > 0 for row in rows for cell in row.split("|")[2:5])
