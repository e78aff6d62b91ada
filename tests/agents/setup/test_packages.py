from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from agents.setup.packages import describe_changes, installed_versions


def test_what_the_programs_of_a_task_import_is_named_with_its_version(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import os, yaml\nfrom . import near\nfrom helper import f\nimport nowhere.at_all\n"
    )
    (tmp_path / "helper.py").write_text("import filelock as lock\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    versions = installed_versions(tmp_path)
    assert versions["filelock"] == version("filelock")
    assert versions["PyYAML"] == version("PyYAML")
    assert not {"os", "helper", "nowhere"} & set(versions)
    assert {"python", "pelagos", "torch", "numpy", "scikit-learn"} <= set(versions)


def test_what_differs_is_one_line() -> None:
    before = {"python": "3.11.1", "numpy": "2.1", "torch": "2.4", "old": "1"}
    assert describe_changes(before, {"python": "3.11.1", "numpy": "2.2", "torch": "absent", "new": "1"}) == (
        "numpy 2.1 -> 2.2, torch 2.4 -> absent"
    )
    assert describe_changes(before, before) == ""
