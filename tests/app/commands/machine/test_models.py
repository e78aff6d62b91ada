"""`pelagos models`: what is listed, what fits, what is got, and faults that are one line."""

from __future__ import annotations

import io
import json
import re
import socket
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agents.models.catalog.catalog import find_entry
from app.commands.machine import models
from app.commands.machine.models import models_app
from pelagos.errors import BadInput, MissingPart
from tests.memory.weights.hub.imitation import COMMIT, imitation, random_bytes
from tests.sandbox.fake_smi import on_path

LARGE = "qwen2.5-coder-7b"


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty project and an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))


def run_models(*args: str) -> str:
    result = CliRunner().invoke(models_app, args)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def list_lines(monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    out = io.StringIO()
    monkeypatch.setattr(models, "make_console", lambda: Console(file=out, width=width, highlight=False))
    run_models("list")
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_list_says_size_terms_and_presence_of_each() -> None:
    rows = json.loads(run_models("list", "--json"))
    assert [row["name"] for row in rows[:4]] == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m", LARGE]
    assert rows[0]["bytes"] == 1_117_320_768
    assert "not compared" in rows[0]["origin"]
    assert all(row["licence"].startswith("Apache-2.0") for row in rows)
    assert not any(row["present"] or row["path"] for row in rows)
    assert all(row["needs_gb"] > row["gb"] for row in rows)
    assert sum(row["recommended"] for row in rows) <= 1


def test_eighty_columns_hold_the_table_with_every_number_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list_lines(monkeypatch, 80)
    heads, rows = lines[0], lines[1:10]
    assert heads.split() == ["name", "GB", "needs", "of", "fits", "tok/s", "here", "licence"]
    assert all(len(line) <= 80 for line in lines[:10])
    assert not any("\u2026" in line for line in rows)
    assert [line.split()[:3] for line in rows[3:6]] == [
        [LARGE, "4.7", "9.8"], ["qwen2.5-coder-14b", "9.0", "15.3"], ["qwen2.5-coder-32b", "19.9", "26.7"],
    ]  # fmt: skip
    assert all(re.search(r" (memory|card) +(yes|no) +[\d.\u2013]+ +no +Apache-2\.0", line) for line in rows)


def test_a_narrow_console_loses_columns_and_no_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list_lines(monkeypatch, 60)[:10]
    assert lines[0].split() == ["name", "GB", "needs", "of", "fits", "tok/s"]
    assert all(len(line) <= 60 and "\u2026" not in line for line in lines)


def test_below_the_table_stands_how_it_was_reckoned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path(tmp_path, monkeypatch, total=24_564)
    lines = list_lines(monkeypatch, 200)
    assert any(line.startswith("needs: ") and "GB of NVIDIA Fake, vLLM takes 90%" in line for line in lines)
    assert any(line.startswith("tok/s: about what it writes: memory is read at ") for line in lines)
    name = "qwen2.5-coder-14b-awq"
    assert lines[-1].startswith(f"recommended: {name}, the largest that fits")
    assert lines[-1].endswith(f"pelagos models serve --engine vllm --model {name}")
    (row,) = [line for line in lines if line.startswith(f"{name} ")]
    assert "yes" in row and row.endswith("recommended")


def test_a_larger_model_is_got_and_then_listed_as_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with imitation() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.hub.url)
        item = find_entry(LARGE)
        hub.repository, hub.files, hub.large = item.repository, {item.file: random_bytes(1000)}, (item.file,)
        output = run_models("get", LARGE)
    assert f"from model hub: {item.repository} at commit" in output
    assert "licence: apache-2.0" in output
    assert f"use it with: pelagos run TASK --model default=embedded:{LARGE}" in output
    (row,) = [row for row in json.loads(run_models("list", "--json")) if row["name"] == LARGE]
    assert row["present"] and len(row["sha256"]) == 64 and Path(row["path"]).is_file()


def test_faults_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="did you mean 'smollm2-135m'"):
        run_models("get", "smolm2-135m")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(BadInput, match="choose another with --port"):
            run_models("serve", "--port", str(listener.getsockname()[1]))
    with pytest.raises(BadInput, match="add --engine vllm"):
        run_models("serve", "--model", "qwen2.5-coder-14b-awq", "--port", "18080")
    monkeypatch.setenv("PELAGOS_VLLM_PYTHON", str(tmp_path / "nowhere"))
    with pytest.raises(MissingPart, match="make vllm"):
        run_models("serve", "--engine", "vllm", "--model", "qwen2.5-coder-14b-awq", "--port", "18080")


def test_a_model_for_a_card_is_served_from_its_folder_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The interpreter of vLLM's environment is a script that notes what it is started with, and ends."""
    on_path(tmp_path, monkeypatch, total=24_564)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/started\nexit 3\n')
    python.chmod(0o755)
    monkeypatch.setenv("PELAGOS_VLLM_PYTHON", str(python))
    item = find_entry("qwen2.5-coder-14b-awq")
    with imitation() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.hub.url)
        hub.repository, hub.large = item.repository, ("model.safetensors",)
        hub.files = {pattern.replace("*", "model" * ("safe" in pattern)): b"{}" for pattern in item.files}
        with pytest.raises(MissingPart, match="vLLM server: ended with 3"):
            run_models("serve", "--engine", "vllm", "--model", item.name, "--port", "18081")
    started = (tmp_path / "started").read_text()
    folder = tmp_path / "cache" / "pelagos" / "weights" / "hub" / item.name / COMMIT
    assert f"--model {folder} --served-model-name {item.name} --host 127.0.0.1" in started
    assert started.split()[-2:] == ["--max-model-len", "8192"]
