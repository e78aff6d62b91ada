"""`pelagos doctor`: cards are listed; `--rebuild-bank` makes the bank anew from the runs' ledgers."""

from __future__ import annotations

import shutil
import warnings
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.checks import cards, memory, recommended, weights
from app.doctor import rebuilt
from memory.bank import HypothesisBank
from memory.controller import hold_controller
from memory.embedder import hashing, minilm
from memory.minilm import MODEL, TOKENIZER
from memory.project_runs import register
from memory.weights import cached
from pelagos.errors import BadInput
from sandbox import machine
from tests.sandbox.fake_smi import on_path


@pytest.mark.skipif(not (cached(MODEL) and cached(TOKENIZER)), reason="the embedder's weights are not in the cache")
def test_the_bank_is_made_anew_from_the_runs(run_folder: Path) -> None:
    project = run_folder.parent.parent
    assert rebuilt(project) == 2
    with closing(HypothesisBank.open(project, minilm())) as bank:
        found = bank.nearest("Smooth labels. Do it 0.", k=1)[0]
    assert found.cosine == pytest.approx(1.0, abs=1e-5)
    assert found.meta["task"] == "digits"
    assert found.id == "demo/h1"


def test_runs_elsewhere_count_and_the_settings_name_the_embedder(run_folder: Path, tmp_path: Path) -> None:
    project, other = run_folder.parent.parent, tmp_path / "another disk" / "night"
    shutil.copytree(run_folder, other)
    register(project, other)
    (project / "pelagos.toml").write_text('[models]\nembedder = "hashing"\n')
    with pytest.warns(UserWarning, match="spelling only"):
        assert rebuilt(project) == 4
    with warnings.catch_warnings(action="ignore"), closing(HypothesisBank.open(project, hashing())) as bank:
        found = {near.id: near.meta for near in bank.nearest("Smooth labels.", k=9)}
    assert set(found) == {"demo/h1", "demo/h2", f"{other}/h1", f"{other}/h2"}
    assert all(meta["lesson"] and meta["verdict"] for meta in found.values())


def test_not_while_a_run_is_driven(run_folder: Path) -> None:
    with hold_controller(run_folder), pytest.raises(BadInput, match=r"runs/demo: process \d+ drives it; make the bank"):
        rebuilt(run_folder.parent.parent)


def test_cards_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = on_path(tmp_path, monkeypatch, cards=2)
    smi.used = [0, 1000]
    smi.tell()
    assert [(one.state, one.found) for one in cards()] == [
        ("ok", "0: NVIDIA Fake, 0 of 10486 MB in use"),
        ("ok", "1: NVIDIA Fake, 1049 of 10486 MB in use"),
    ]


def test_no_card_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (none,) = cards()
    assert (none.state, none.essential) == ("missing", False)


def test_the_largest_model_for_the_card_is_recommended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    on_path(tmp_path, monkeypatch, total=16_376)
    (one,) = recommended()
    assert (one.state, one.found) == ("ok", "qwen2.5-coder-14b-awq: needs 15.2 of 15.5 GB")
    assert one.mend == "pelagos models serve --engine vllm --model qwen2.5-coder-14b-awq"


def test_memory_is_what_is_available_and_a_small_machine_gets_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "unused", lambda: None)
    (tmp_path / "meminfo").write_text("MemAvailable: 3000000 kB\n")
    (one,) = recommended()
    assert (one.state, one.essential, one.found) == ("missing", False, "none fits and is fast enough")
    assert (memory().state, memory().found) == ("ok", "3.1 GB free")


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="the embedded engine is not installed")
def test_the_models_that_the_settings_name_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = ["[models]", 'default = "embedded:qwen2.5-coder-7b"', 'coder = "embedded:qwen2.5-coder-7"']
    (tmp_path / "pelagos.toml").write_text("\n".join([*lines, 'verifier = "openai:x@http://127.0.0.1:9"']))
    wrong, absent = weights()
    assert (wrong.state, absent.state) == ("bad", "missing")
    assert "did you mean 'qwen2.5-coder-7b'" in wrong.found
    assert absent.mend == "pelagos models get qwen2.5-coder-7b"
