from __future__ import annotations

from pathlib import Path

from memory.project_runs import elsewhere, folder_of, label, register


def test_labels_are_unique_and_lead_back(tmp_path: Path) -> None:
    inside, outside = tmp_path / "runs" / "r", tmp_path / "other" / "r"
    assert label(tmp_path, inside) == "r"
    assert label(tmp_path, outside) != "r"
    assert [folder_of(tmp_path, label(tmp_path, folder)) for folder in (inside, outside)] == [inside, outside]


def test_only_runs_elsewhere_are_noted_and_once(tmp_path: Path) -> None:
    assert elsewhere(tmp_path) == []
    for folder in ("runs/r", "other/r", "other/r", "third"):
        register(tmp_path, tmp_path / folder)
    assert elsewhere(tmp_path) == [tmp_path / "other" / "r", tmp_path / "third"]
