"""`pelagos doctor`: cards are listed; `--rebuild-bank` makes the bank anew from the ledgers; `--verify` reads them
all."""

from __future__ import annotations

import shutil
import sqlite3
import warnings
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.commands.machine.doctor import recreate_bank
from app.commands.machine.doctor_checks import (
    check_cards,
    check_memory,
    check_project_tools,
    check_recommended_model,
    check_weights,
)
from memory.bank.bank import HypothesisBank
from memory.embedders.embedder import hashing, minilm
from memory.embedders.minilm import MODEL, TOKENIZER
from memory.files.project_runs import register_run
from memory.files.run_lock import hold_controller
from memory.ledger import verified_mark
from memory.ledger.rows import Position
from memory.weights.package_index import find_cached
from pelagos.errors import BadInput
from sandbox.host import machine
from tests.app.command import run_pelagos
from tests.sandbox.fake_smi import on_path


@pytest.mark.skipif(
    not (find_cached(MODEL) and find_cached(TOKENIZER)), reason="the embedder's weights are not in the cache"
)
def test_the_bank_is_made_anew_from_the_runs(run_folder: Path) -> None:
    project = run_folder.parent.parent
    assert recreate_bank(project) == 2
    with closing(HypothesisBank.open(project, minilm())) as bank:
        nearest = bank.nearest("Smooth labels. Do it 0.", k=1)[0]
    assert nearest.cosine == pytest.approx(1.0, abs=1e-5)
    assert nearest.meta["task"] == "digits"
    assert nearest.id == "demo/h1"


def test_runs_elsewhere_count_and_the_settings_name_the_embedder(run_folder: Path, tmp_path: Path) -> None:
    project, external = run_folder.parent.parent, tmp_path / "another disk" / "night"
    shutil.copytree(run_folder, external)
    register_run(project, external)
    (project / "pelagos.toml").write_text('[models]\nembedder = "hashing"\n')
    with pytest.warns(UserWarning, match="spelling only"):
        assert recreate_bank(project) == 4
    with warnings.catch_warnings(action="ignore"), closing(HypothesisBank.open(project, hashing())) as bank:
        meta_by_id = {neighbour.id: neighbour.meta for neighbour in bank.nearest("Smooth labels.", k=9)}
    assert set(meta_by_id) == {"demo/h1", "demo/h2", f"{external}/h1", f"{external}/h2"}
    assert all(meta["lesson"] and meta["verdict"] for meta in meta_by_id.values())


def test_not_while_a_run_is_driven(run_folder: Path) -> None:
    with hold_controller(run_folder), pytest.raises(BadInput, match=r"runs/demo: process \d+ drives it; make the bank"):
        recreate_bank(run_folder.parent.parent)


def test_cards_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = on_path(tmp_path, monkeypatch, cards=2)
    smi.used = [0, 1000]
    smi.tell()
    assert [(check.state, check.found) for check in check_cards()] == [
        ("ok", "0: NVIDIA Fake, 0 of 10486 MB in use"),
        ("ok", "1: NVIDIA Fake, 1049 of 10486 MB in use"),
    ]


def test_no_card_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = check_cards()
    assert (check.state, check.essential) == ("missing", False)


def test_the_largest_model_for_the_card_is_recommended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    on_path(tmp_path, monkeypatch, total=16_376)
    (check,) = check_recommended_model()
    assert (check.state, check.found) == ("ok", "qwen2.5-coder-14b-awq: needs 15.2 of 15.5 GB")
    assert check.mend == "pelagos models serve --engine vllm --model qwen2.5-coder-14b-awq"


def test_memory_is_what_is_available_and_a_small_machine_gets_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "memory_left", lambda: None)
    (tmp_path / "meminfo").write_text("MemAvailable: 3000000 kB\n")
    (check,) = check_recommended_model()
    assert (check.state, check.essential, check.found) == ("missing", False, "none fits and is fast enough")
    assert (check_memory().state, check_memory().found) == ("ok", "3.1 GB free")


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="the embedded engine is not installed")
def test_the_models_that_the_settings_name_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = ["[models]", 'default = "embedded:qwen2.5-coder-7b"', 'coder = "embedded:qwen2.5-coder-7"']
    (tmp_path / "pelagos.toml").write_text("\n".join([*lines, 'verifier = "openai:x@http://127.0.0.1:9"']))
    wrong, absent = check_weights()
    assert (wrong.state, absent.state) == ("bad", "missing")
    assert "did you mean 'qwen2.5-coder-7b'" in wrong.found
    assert absent.mend == "pelagos models get qwen2.5-coder-7b"


def test_the_tools_that_the_settings_name_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_project_tools() == []
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "pelagos.toml").write_text('tools = ["mine.py"]\n')
    [found] = check_project_tools()
    assert (found.state, found.found) == ("ok", "mine.py: `pelagos tools list` shows what is in it")
    (tmp_path / "pelagos.toml").write_text('tools = ["mine.py", "none"]\n')
    [bad] = check_project_tools()
    assert bad.state == "bad" and "no such file or folder of tools" in bad.found


def test_every_row_of_the_ledgers_is_verified(run_folder: Path) -> None:
    """Also of one that a normal opening would take as verified."""
    ledger, project = run_folder / "ledger.db", run_folder.parents[1]
    assert "demo: " in (output := run_pelagos("doctor", "--verify", folder=project).stdout)
    assert "rows, all sound" in output
    with closing(sqlite3.connect(ledger)) as raw:
        raw.executescript("DROP TRIGGER no_update; UPDATE events SET payload = '{}' WHERE seq = 7;")
    verified_mark.write(ledger, Position(7, "f" * 64))
    result = run_pelagos("doctor", "--verify", folder=project)
    assert result.returncode == 5
    assert "row 7 does not continue the hash chain; the 6 rows before it are sound" in result.stdout
    assert verified_mark.trusted_position(ledger) == verified_mark.START
