from __future__ import annotations

from pathlib import Path

from memory.files.project_folder import FOLDER_NAME
from memory.files.project_runs import EXTERNAL_RUNS_FILE, external_runs, register_run, run_folder, run_label


def test_labels_are_unique_and_lead_back(tmp_path: Path) -> None:
    inside, outside = tmp_path / "runs" / "r", tmp_path / "other" / "r"
    assert run_label(tmp_path, inside) == "r"
    assert run_label(tmp_path, outside) != "r"
    assert [run_folder(tmp_path, run_label(tmp_path, folder)) for folder in (inside, outside)] == [inside, outside]


def test_only_runs_elsewhere_are_noted_and_once(tmp_path: Path) -> None:
    assert external_runs(tmp_path) == []
    for folder in ("runs/r", "other/r", "other/r", "third"):
        register_run(tmp_path, tmp_path / folder)
    assert external_runs(tmp_path) == [tmp_path / "other" / "r", tmp_path / "third"]


def test_a_line_that_a_full_disk_cut_names_no_run(tmp_path: Path) -> None:
    register_run(tmp_path, tmp_path / "first")
    noted = tmp_path / FOLDER_NAME / EXTERNAL_RUNS_FILE
    for cut in ("/so", f"{tmp_path}/no"):
        with noted.open("a") as file:
            file.write(cut)
        assert external_runs(tmp_path)[-1] != Path(cut)
        register_run(tmp_path, tmp_path / f"after{cut[-2:]}")
    assert external_runs(tmp_path) == [tmp_path / name for name in ("first", "afterso", "afterno")]
