from __future__ import annotations

from pathlib import Path

import pytest

from tools.code.task.entry.checks import find_entry_faults

REST = "{data} {out} {seed}"
FILES = ("src/package/train.py", "src/package/__init__.py", "package2/__main__.py", "other.py")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python -m package.train", ""),
        ("python -m package2", ""),
        ("python src/package/train.py", ""),
        ("run-it", ""),
        ("python -m package.trian", "no module 'package.trian' in the task folder"),
        ("python -m package", "src/package/__main__.py"),
        ("python -m other", "'other.py' is in neither 'editable' nor 'files'"),
        ("python missing.py", "no file 'missing.py'"),
        ("run-other", "'other.py' is in neither"),
    ],
)
def test_what_is_started_is_there(text: str, expected: str, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nrun-it = "package.train:x"\nrun-other = "other:x"\n')
    faults = list(find_entry_faults(tmp_path, f"{text} {REST}", FILES[:3]))
    assert len(faults) == bool(expected), faults
    assert all(expected in fault for fault in faults)


def test_the_project_file_is_named_where_it_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project")
    assert "pyproject.toml can't be read" in next(find_entry_faults(tmp_path, f"run-it {REST}", ()))
