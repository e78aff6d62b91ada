"""`pelagos review`: what it refuses before it serves, and which runs it shows."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from app.commands.reviewer.review import _find_runs
from pelagos.errors import BadInput
from tests.app.command import assert_bad_input, run_pelagos


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run_pelagos("review", "--port", str(taken.getsockname()[1]), folder=tmp_path)
    assert_bad_input(result, "is in use: give another one by --port, 0 for any")
    assert len(result.stderr.splitlines()) == 1


def test_a_public_bind_wants_a_password(tmp_path: Path) -> None:
    result = run_pelagos("review", "--host", "0.0.0.0", folder=tmp_path)
    assert_bad_input(result, "set a password in PELAGOS_REVIEW_PASSWORD first")


def test_without_the_extra_the_line_that_installs_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import app.review.serving

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "app.review.serving.server", raising=False)
    monkeypatch.delattr(app.review.serving, "server", raising=False)
    result = run_pelagos("review", folder=tmp_path)
    assert result.returncode == 4
    assert "review: the page needs uvicorn: pip install 'pelagos[web]'" in result.stderr


def test_runs_are_named_by_themselves_or_by_their_folder(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _find_runs([]) == (tmp_path, None)
    assert _find_runs([str(tmp_path)]) == (tmp_path, None)
    for given in (["demo"], [str(run_folder)], ["runs"], ["runs", "demo"]):
        assert _find_runs(given) == (tmp_path, [run_folder])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="empty: holds no runs"):
        _find_runs(["empty"])
    with pytest.raises(BadInput, match="run 'nowhere'"):
        _find_runs(["nowhere"])
