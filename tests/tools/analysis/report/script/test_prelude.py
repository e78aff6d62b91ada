"""The helpers of the exported script, before they become text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.tools.analysis.small_study import draw_study
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.report.script import prelude

TABLE = pd.DataFrame({"entity": ["P1", "P2"], "effect": [1.5, -0.25], "p": [1e-12, 0.3]})


@pytest.fixture(autouse=True)
def no_results() -> Iterator[None]:
    prelude.RESULTS.clear()
    yield
    prelude.RESULTS.clear()


def test_a_row_as_recorded_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    prelude.compare_row(TABLE, "P1", effect=1.5 + 1e-9, p=1e-12)
    assert capsys.readouterr().out == "same: P1: effect 1.5, p 1e-12\n"
    assert prelude.count_same() == 0


@pytest.mark.parametrize(("entity", "recorded"), [("P1", {"effect": 1.51}), ("P1", {"p": 3e-12}), ("P9", {"p": 0.3})])
def test_another_number_and_a_row_that_is_gone_differ(
    entity: str, recorded: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    prelude.compare_row(TABLE, "P2", p=0.3)
    prelude.compare_row(TABLE, entity, **recorded)
    assert f"DIFFERENT: {entity}" in capsys.readouterr().out
    assert prelude.count_same() == 1
    assert "1 of 2 rows" in capsys.readouterr().out


def test_a_part_is_read_of_a_folder_or_a_file_and_narrowed(tmp_path: Path) -> None:
    write_dataset(draw_study(), tmp_path / "validation.h5ad")
    whole = prelude.read_part(tmp_path, "validation")
    assert whole.shape == prelude.read_part(tmp_path / "validation.h5ad", "sealed").shape == (140, 40)
    part = prelude.read_part(tmp_path, "validation", column="site", level="north", without="P03")
    assert set(part.obs["site"]) == {"north"}
    assert "P03" not in part.var_names
    assert part.n_vars == 39
