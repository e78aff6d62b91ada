"""Where weights are found, and that a run downloads nothing that lies on the hub alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.models.catalog.catalog import find_entry
from agents.models.catalog.locate import fetch, find_local, locate
from agents.models.registry import check_model
from memory.weights import package_index
from pelagos.errors import BadInput, MissingPart
from pelagos.settings import Models
from tests.memory.weights.hub.imitation import COMMIT, Imitation, imitation, random_bytes

LARGE, CARD = "qwen2.5-coder-7b", "qwen2.5-coder-14b-awq"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    """An imitation of the hub that holds the 7B, and an empty cache."""
    item = find_entry(LARGE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with imitation() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.hub.url)
        made.repository, made.files, made.large = item.repository, {item.file: random_bytes(1000)}, (item.file,)
        yield made


def test_a_users_path_comes_before_everything_and_is_hashed(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    located = locate(str(file)).hashed()
    assert located.path == file
    assert "user" in located.source
    assert len(located.sha256) == 64


def test_the_hub_cache_comes_before_the_package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="the hub's client is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    item = find_entry("smollm2-135m")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert find_local(item.name) is None
    folder = tmp_path / "hub" / f"models--{item.repository.replace('/', '--')}"
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots" / "abc" / item.file).write_bytes(b"GGUF")
    located = find_local(item.name)
    assert located is not None
    assert located.source.startswith("model hub")
    assert package_index.find_cached(item.asset) is None


def test_a_hub_that_does_not_answer_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="the hub's client is not installed")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(package_index, "fetch", lambda asset, progress: tmp_path / asset.file)
    monkeypatch.setattr(package_index, "find_cached", lambda asset: None)
    located = locate("smollm2-135m")
    assert located.source.startswith("package index")
    assert located.path.name == find_entry("smollm2-135m").asset.file


def test_a_larger_model_is_got_when_asked_for_and_its_terms_are_told(hub: Imitation) -> None:
    located = fetch(LARGE)
    assert located == locate(LARGE) == find_local(LARGE)
    assert located.path.read_bytes() == hub.files[find_entry(LARGE).file]
    assert located.source == f"model hub: {find_entry(LARGE).repository} at commit {COMMIT} ({hub.hub.url[7:]})"
    assert located.licence == "apache-2.0, named by the repository"
    assert located.hashed().sha256 == located.sha256 != ""


def test_a_larger_model_that_is_here_is_taken_by_its_name(hub: Imitation) -> None:
    pytest.importorskip("xllamacpp", reason="the embedded engine is not installed")
    fetch(LARGE)
    check_model(f"embedded:{LARGE}", Models())


def test_a_run_says_the_command_and_asks_nobody(hub: Imitation) -> None:
    for asks in (lambda: check_model(f"embedded:{LARGE}", Models()), lambda: locate(LARGE)):
        with pytest.raises(MissingPart) as failure:
            asks()
        assert str(failure.value) == f"model {LARGE!r}: not on this machine: `pelagos models get {LARGE}` gets it"
    assert hub.hub.seen == []


def test_a_model_for_a_card_is_a_folder_that_a_run_cannot_load(hub: Imitation) -> None:
    item = find_entry(CARD)
    hub.repository, hub.large = item.repository, ("model-00001-of-00001.safetensors",)
    hub.files = {pattern.replace("*", "model" * ("index" in pattern)): b"{}" for pattern in item.files[1:]}
    hub.files[hub.large[0]] = random_bytes(1000)
    located = fetch(CARD)
    assert located.path.is_dir()
    assert {path.name for path in located.path.iterdir()} == set(hub.files)
    assert json.loads((located.path / "model.safetensors.index.json").read_text()) == {}
    with pytest.raises(BadInput, match=f"pelagos models serve --engine vllm --model {CARD}"):
        check_model(f"embedded:{CARD}", Models())
