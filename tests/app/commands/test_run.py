"""The one line that `pelagos run` says where a larger model fits."""

from __future__ import annotations

import os
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands import run
from app.commands.run import _parse_models, _suggest_model
from app.main import app
from pelagos.settings import Models
from tests.sandbox.fake_smi import on_path

CARD = "model: a larger one fits this machine, qwen2.5-coder-14b-awq: pelagos models serve --engine vllm --model"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    on_path(tmp_path, monkeypatch, total=16_376)
    return tmp_path


@pytest.mark.parametrize("default", ["embedded", " embedded", "embedded:"])
def test_with_the_default_model_it_is_one_line_with_the_command(project: Path, default: str) -> None:
    assert _suggest_model(Models(default=default)) == f"{CARD} qwen2.5-coder-14b-awq"


@pytest.mark.parametrize(
    "chosen",
    [
        Models(default="openai:x@http://127.0.0.1:9"),
        Models(default="embedded:qwen2.5-coder-1.5b"),
        Models(coder="openai:x@http://127.0.0.1:9"),
        Models(default="replay:runs/x"),
    ],
)
def test_who_chose_a_model_is_told_nothing(project: Path, chosen: Models) -> None:
    assert _suggest_model(chosen) == ""


def test_where_none_fits_nothing_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(project))
    monkeypatch.setattr("sandbox.host.machine.MEMINFO", project / "meminfo")
    (project / "meminfo").write_text("MemAvailable: 7000000 kB\n")
    assert _suggest_model(Models()) == ""


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="the embedded engine is not installed")
def test_a_run_says_it_once_before_it_begins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []
    monkeypatch.setattr(run, "_start", lambda folder, _detach: started.append(folder))
    monkeypatch.setenv("PELAGOS_MODELS__EMBEDDER", "hashing")
    with warnings.catch_warnings(action="ignore"):
        result = CliRunner().invoke(app, ["run", "digits", "--sandbox", "unsafe", "--hypotheses", "1"])
    assert result.exception is None, result.output
    assert result.stdout == f"{CARD} qwen2.5-coder-14b-awq\n"
    assert len(started) == 1


def test_a_role_that_is_named_again_has_models_in_their_order() -> None:
    options = ["coder=openai:a@http://h/v1", "planner=embedded", "coder=openai:b", "coder=embedded"]
    assert _parse_models(options) == {"coder": ["openai:a@http://h/v1", "openai:b", "embedded"], "planner": "embedded"}
