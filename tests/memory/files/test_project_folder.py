from __future__ import annotations

import subprocess
from pathlib import Path

from memory.files.project_folder import project_folder


def test_a_project_under_version_control_keeps_its_secret(tmp_path: Path) -> None:
    folder = project_folder(tmp_path)
    (folder / "secret").write_text("x")
    assert project_folder(tmp_path) == folder
    assert folder.stat().st_mode & 0o077 == 0
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    status = subprocess.run(["git", "-C", str(tmp_path), "status", "--porcelain"], capture_output=True, text=True)
    assert status.stdout == ""
