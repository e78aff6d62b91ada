"""A checkpoint is a folder of the user's own, or a repository's files that a person downloaded; a run downloads none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.verifiers.checkpoints.locate import download_folder, find_folder, main
from memory.weights.hub import connection
from pelagos.errors import BadInput, MissingPart
from tests.memory.weights.hub.imitation import REPOSITORY, Imitation, imitation

FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"the same weights",
    "README.md": b"words",
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(connection, "RETRY_WAITS_S", ())
    with imitation() as made:
        made.files = dict(FILES)
        made.large = ("model.safetensors",)
        monkeypatch.setenv("HF_ENDPOINT", made.hub.url)
        yield made


def test_an_own_folder_is_taken_without_any_request(hub: Imitation, tmp_path: Path) -> None:
    assert find_folder(str(tmp_path)) == tmp_path
    assert hub.hub.seen == []


def test_a_repository_is_downloaded_when_a_person_asks(hub: Imitation, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        MissingPart, match=f"checkpoint {REPOSITORY}: not on this machine: give a folder that holds it, or"
    ):
        find_folder(REPOSITORY)
    assert hub.hub.seen == []
    assert main([REPOSITORY]) == 0
    folder = find_folder(REPOSITORY)
    assert str(folder) in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == set(FILES) - {"README.md", "pytorch_model.bin"}


def test_pytorch_files_are_taken_where_there_are_no_others(hub: Imitation) -> None:
    del hub.files["model.safetensors"]
    assert {path.name for path in download_folder(REPOSITORY).iterdir()} == set(FILES) - {
        "README.md",
        "model.safetensors",
    }


def test_a_repository_without_weights_is_refused(hub: Imitation) -> None:
    hub.files = {"config.json": b"{}"}
    with pytest.raises(MissingPart, match=f"checkpoint {REPOSITORY}: the hub holds no weights of it"):
        download_folder(REPOSITORY)


@pytest.mark.parametrize("name", ["Qwen2.5-Math-PRM-7B", "a/b/c", "../weights", "~/weights", "owner/"])
def test_what_is_no_repository_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInput, match="should be a repository of the hub, OWNER/NAME"):
        download_folder(name)
    assert main([name]) == 2
    assert capsys.readouterr().err.count("\n") == 1
