"""`tasks new --data` writes a sound task that says what was understood, or one line per fault and no folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pelagos.errors import BadInput
from tests.tools.analysis.tables import AD_CSF, FILES, make_metadata, make_wide, write_csv
from tests.tools.analysis.task.folders import make_task_folder
from tools.analysis.task.analysis_task import load_task
from tools.analysis.task.scaffold import scaffold_from_data


def test_the_task_says_what_was_understood(tmp_path: Path) -> None:
    folder = make_task_folder(tmp_path / "My Study")
    text = (folder / "task.yaml").read_text()
    assert yaml.safe_load(text)["design"]["group"] == "treatment"
    assert "# scale read as raw" in text and "# metadata column with the groups to compare" in text
    task = load_task(folder)
    assert (task.name, task.kind, task.packs, task.design.case) == ("my-study", "proteomics", ["proteomics"], "treated")
    assert task.contents == ("task.yaml", "data/proteins.csv", "data/meta.csv")
    assert task.notes[0] == "24 samples x 10 features, raw"


def test_files_of_programs_and_plain_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"income": rng.normal(size=40), "years": rng.normal(size=40), "town": ["a", "b"] * 20})
    task = scaffold_from_data(tmp_path / "plain", write_csv(table, tmp_path / "plain.csv"))
    assert (task.kind, task.packs, task.design.group) == ("table", ["tables"], "town")
    task = scaffold_from_data(tmp_path / "real", AD_CSF / "proteome.csv", AD_CSF / "meta.csv")
    assert task.kind == "proteomics" and "_t-tau [ng/L]" in task.design.defines_group


def refuse(tmp_path: Path, data: Path, metadata: pd.DataFrame | None = None) -> str:
    """The faults of a task that can't be made; nothing of it may stay."""
    described = None if metadata is None else write_csv(metadata, tmp_path / "meta.csv")
    with pytest.raises(BadInput) as failure:
        scaffold_from_data(tmp_path / "task", data, described)
    assert not (tmp_path / "task").exists() and not list(tmp_path.glob("making-*"))
    return str(failure.value)


def test_metadata_that_do_not_match(tmp_path: Path) -> None:
    data = write_csv(make_wide(), tmp_path / "a.csv", index=True)
    assert "no row in column 'sample' for 1 of 24 samples: S24" in refuse(tmp_path, data, make_metadata(23))


def test_one_sample_in_a_group(tmp_path: Path) -> None:
    data = write_csv(make_wide(), tmp_path / "a.csv", index=True)
    metadata = make_metadata().assign(treatment=["treated"] + ["control"] * 23)
    assert "level 'treated' of 'treatment' has 1 sample; it needs 6" in refuse(tmp_path, data, metadata)


def test_mixed_scales_empty_features_and_files_that_are_no_table(tmp_path: Path) -> None:
    mixed = make_wide()
    mixed.iloc[:4] = np.log2(mixed.iloc[:4])
    fault = refuse(tmp_path, write_csv(mixed, tmp_path / "a.csv", index=True), make_metadata())
    assert fault.startswith(f"{tmp_path / 'a.csv'}: mixed scales: 4 of 24 samples are log2") and "\n" not in fault
    (tmp_path / "b.csv").write_text("just a note\n")
    assert "b.csv: not a table" in refuse(tmp_path, tmp_path / "b.csv")
    assert "too.csv: no such file" in refuse(tmp_path, tmp_path / "too.csv")
    fault = refuse(tmp_path, FILES / "proteinGroups.txt", make_metadata())
    assert "the data have 1_31_C6, 1_32_C7" in fault and "the metadata S01, S02" in fault


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    folder = make_task_folder(tmp_path / "task")
    with pytest.raises(BadInput, match="exists already"):
        make_task_folder(folder)
