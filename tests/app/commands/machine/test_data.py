"""`pelagos data` and `pelagos tasks new --data`: what is listed, what is got, and faults that are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.command import run_pelagos
from tests.tools.analysis.tables import make_metadata, make_wide, write_csv


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_sources_are_listed_with_their_licence(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run_pelagos("data", "list", "--json", folder=tmp_path).stdout)}
    assert rows["ad-csf"]["folder"] == "" and rows["ad-csf"]["package"] == "njab 0.1.2"
    assert rows["ad-csf"]["sha256"].startswith("a58217c3") and "MIT" in rows["ad-csf"]["licence"]
    assert "ad-csf" in run_pelagos("data", "list", folder=tmp_path).stdout


def test_files_of_an_installed_package_are_got_without_the_index(tmp_path: Path) -> None:
    pytest.importorskip("scanpy")
    out = run_pelagos("data", "get", "pbmc", folder=tmp_path).stdout
    assert "pbmc:pbmc68k_reduced.h5ad" in out and "licence: " in out


def test_faults_are_one_line(tmp_path: Path) -> None:
    done = run_pelagos("data", "get", "pbmcs", folder=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "did you mean 'pbmc'?" in done.stderr
    done = run_pelagos("data", "get", "ad-csf", folder=tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert done.returncode == 4 and "can't fetch njab==0.1.2" in done.stderr and done.stderr.count("\n") == 1


def test_a_task_is_made_of_a_table(tmp_path: Path) -> None:
    write_csv(make_wide(), tmp_path / "a.csv", index=True)
    write_csv(make_metadata(), tmp_path / "m.csv")
    done = run_pelagos("tasks", "new", "study", "--data", "a.csv", "--metadata", "m.csv", folder=tmp_path)
    assert done.returncode == 0 and "study: a task of kind proteomics" in done.stdout
    assert "case and control: treated against control: by the control's name" in done.stdout
    assert (tmp_path / "study" / "task.yaml").is_file()
    done = run_pelagos("tasks", "new", "other", "--metadata", "m.csv", folder=tmp_path)
    assert done.returncode == 2 and "name that file with --data" in done.stderr
    done = run_pelagos("tasks", "new", "other", "--data", "no.csv", folder=tmp_path)
    assert done.returncode == 2 and "no.csv: no such file" in done.stderr and not (tmp_path / "other").exists()
