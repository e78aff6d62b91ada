"""A model of the hub is complete and checked in the cache, or there is one clear line and no model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memory.weights.hub import connection
from memory.weights.hub.model_store import COMPLETE_MARK, StoredModel, download_model, find_stored, model_folder
from pelagos.errors import MissingPart
from tests.disks import small_disk
from tests.memory.weights.hub.imitation import (
    COMMIT,
    LATER,
    REPOSITORY,
    SIZE,
    WEIGHTS,
    Handler,
    Imitation,
    random_bytes,
    says,
)

TRIES = len(connection.RETRY_WAITS_S) + 1
TOKEN = "hf_secretsecret"


def got(hub: Imitation, wanted: tuple[str, ...] = (WEIGHTS,), **env: str) -> StoredModel:
    return download_model("toy", REPOSITORY, wanted, {"HF_ENDPOINT": hub.hub.url, **env})


def fails(hub: Imitation, **env: str) -> str:
    """The one line; nothing passes for the model."""
    with pytest.raises(MissingPart) as failure:
        got(hub, **env)
    said = str(failure.value)
    assert "\n" not in said
    assert "s3cret" not in said
    assert TOKEN not in said
    assert find_stored("toy") is None
    assert not (model_folder("toy") / COMPLETE_MARK).exists()
    assert [path for path in model_folder("toy").rglob("*.gguf")] == []
    return said


def data(found: StoredModel) -> bytes:
    return (found.folder / WEIGHTS).read_bytes()


def test_a_model_is_got_once_with_commit_digest_and_licence(hub: Imitation) -> None:
    seen: list[tuple[str, int, int]] = []
    model = download_model("toy", REPOSITORY, [WEIGHTS], {"HF_ENDPOINT": hub.hub.url}, lambda *step: seen.append(step))
    assert data(model) == hub.files[WEIGHTS]
    assert (model.listing.commit, model.listing.licence, len(model.digest(WEIGHTS))) == (COMMIT, "apache-2.0", 64)
    assert seen[0][0] == "download" and ("check", SIZE, SIZE) in seen
    assert [path for path, _ in hub.hub.seen][1] == f"/{REPOSITORY}/resolve/{COMMIT}/{WEIGHTS}"
    assert sorted(path.name for path in model_folder("toy").iterdir()) == [COMMIT, "get.lock", COMPLETE_MARK]
    before = len(hub.hub.seen)
    assert got(hub) == find_stored("toy") == model
    assert len(hub.hub.seen) == before


def test_the_token_goes_to_the_hub_alone(hub: Imitation) -> None:
    got(hub, HF_TOKEN=TOKEN)
    assert set(hub.hub.asked("Authorization")) == {f"Bearer {TOKEN}"}
    assert set(hub.storage.asked("Authorization")) == {""}
    assert hub.storage.seen


def test_a_folder_of_files_large_and_small(hub: Imitation) -> None:
    hub.files = {"m-1.safetensors": random_bytes(1000), "config.json": b"{}", "empty.json": b"", "x.bin": b"no"}
    hub.files["sub/config.json"] = b"no"
    hub.large = ("m-1.safetensors",)
    model = got(hub, ("*.safetensors", "*.json"))
    assert {path.name: path.read_bytes() for path in model.folder.iterdir()} == {
        name: hub.files[name] for name in ("m-1.safetensors", "config.json", "empty.json")
    }


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_cut_connection_is_taken_up_where_it_was(hub: Imitation, share: float) -> None:
    hub.storage.answers = [hub.cut(share)]
    assert data(got(hub)) == hub.files[WEIGHTS]
    assert hub.storage.asked("Range") == ["", f"bytes={int(SIZE * share)}-"]


def test_a_killed_process_is_gone_on_with(hub: Imitation) -> None:
    stuck = threading.Event()

    def half(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(SIZE))
        handler.end_headers()
        handler.wfile.write(hub.files[WEIGHTS][: SIZE // 2])
        stuck.wait(30)

    hub.storage.answers = [half]
    ask = f"import os; from memory.weights.hub.model_store import download_model; download_model('toy', {REPOSITORY!r}, [{WEIGHTS!r}], os.environ)"
    child = subprocess.Popen([sys.executable, "-c", ask], env={**os.environ, "HF_ENDPOINT": hub.hub.url})
    while not any(path.stat().st_size for path in model_folder("toy").glob("parts/*.part")):
        assert child.poll() is None
        time.sleep(0.01)
    child.kill()
    child.wait()
    stuck.set()
    assert find_stored("toy") is None
    assert data(got(hub)) == hub.files[WEIGHTS]
    assert 0 < int(hub.storage.asked("Range")[1].removeprefix("bytes=").removesuffix("-")) <= SIZE // 2


def test_a_part_that_is_complete_is_only_checked(hub: Imitation) -> None:
    digest = got(hub).digest(WEIGHTS)
    shutil.rmtree(model_folder("toy"))
    (model_folder("toy") / "parts").mkdir(parents=True)
    (model_folder("toy") / "parts" / f"{digest}.part").write_bytes(hub.files[WEIGHTS])
    hub.storage.seen.clear()
    assert data(got(hub)) == hub.files[WEIGHTS]
    assert hub.storage.seen == []


def test_a_mirror_that_keeps_the_files_itself(hub: Imitation) -> None:
    hub.hub.answers = [hub.api_or_redirect, hub.cut(0.5), hub.serve]
    assert data(got(hub, HF_TOKEN=TOKEN)) == hub.files[WEIGHTS]
    assert hub.storage.seen == []
    assert set(hub.hub.asked("Authorization")) == {f"Bearer {TOKEN}"}


def test_a_renamed_repository_is_followed(hub: Imitation) -> None:
    hub.hub.answers = [says(307, Location=f"/api/models/{REPOSITORY}/revision/main?blobs=true")]
    assert data(got(hub, HF_TOKEN=TOKEN)) == hub.files[WEIGHTS]
    assert set(hub.hub.asked("Authorization")) == {f"Bearer {TOKEN}"}


def test_what_arrived_is_gone_on_with_later_even_at_another_commit(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.5)] + [hub.cut(0.0)] * TRIES
    assert "150,000 of 300,000 bytes of toy.gguf are here, and `pelagos models get toy` goes on" in fails(hub)
    assert len(hub.storage.seen) == TRIES
    hub.storage.seen.clear()
    hub.storage.answers, hub.commit = [], LATER
    model = got(hub)
    assert data(model) == hub.files[WEIGHTS]
    assert model.listing.commit == LATER
    assert hub.storage.asked("Range") == [f"bytes={SIZE // 2}-"]
    assert not (model_folder("toy") / COMMIT).exists()


def test_as_long_as_it_gets_on_it_is_not_given_up(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.1)] * (2 * TRIES)
    assert data(got(hub)) == hub.files[WEIGHTS]


def test_a_server_that_ignores_the_range_sends_it_anew(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.5), hub.whole]
    assert data(got(hub)) == hub.files[WEIGHTS]


def test_a_refused_range_is_begun_anew(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.5), says(416)]
    assert data(got(hub)) == hub.files[WEIGHTS]
    assert hub.storage.asked("Range") == ["", f"bytes={SIZE // 2}-", ""]


def _longer(handler: Handler) -> None:
    """More than is listed, without a length."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(bytes(SIZE + 1))


def _elsewhere(handler: Handler) -> None:
    handler.send(206, bytes(10), Content_Range=f"bytes 7-16/{SIZE}")


@pytest.mark.parametrize(
    ("answer", "says_so"),
    [
        (lambda handler: handler.send(200, random_bytes(SIZE, seed=1)), "has not the hash that the hub lists"),
        (lambda handler: handler.send(200, bytes(SIZE)), "has not the hash"),
        (_longer, "more than the 300,000 bytes that the hub lists"),
        (says(200, "<html>please log in to this network</html>"), "42 bytes are served, the hub lists 300,000"),
    ],
)
def test_wrong_content_is_thrown_away(hub: Imitation, answer: Callable[[Handler], None], says_so: str) -> None:
    hub.storage.answers = [answer]
    assert says_so in fails(hub)
    assert data(got(hub)) == hub.files[WEIGHTS]
    assert hub.storage.asked("Range") == ["", ""]


def test_another_range_than_asked_for_is_refused_and_harms_nothing(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.5), _elsewhere]
    assert f"got 'bytes 7-16/{SIZE}'" in fails(hub)
    assert data(got(hub)) == hub.files[WEIGHTS]


def test_a_damaged_part_is_noticed(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.5)] + [hub.cut(0.0)] * TRIES
    fails(hub)
    (part,) = (model_folder("toy") / "parts").iterdir()
    part.write_bytes(bytes(SIZE // 2))
    assert "has not the hash" in fails(hub)
    assert data(got(hub)) == hub.files[WEIGHTS]


def test_a_part_longer_than_the_file_is_begun_anew(hub: Imitation) -> None:
    hub.storage.answers = [hub.cut(0.5)] + [hub.cut(0.0)] * TRIES
    fails(hub)
    (part,) = (model_folder("toy") / "parts").iterdir()
    part.write_bytes(bytes(SIZE + 5))
    assert data(got(hub)) == hub.files[WEIGHTS]


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_storage_host_that_refuses_for_a_moment_is_asked_again(hub: Imitation, status: int) -> None:
    hub.storage.answers = [says(status, "<Error>expired</Error>")]
    assert data(got(hub)) == hub.files[WEIGHTS]
    hub.hub.seen.clear()


@pytest.mark.parametrize("missing", [WEIGHTS, COMPLETE_MARK])
def test_a_model_that_lost_a_file_is_not_whole(hub: Imitation, missing: str) -> None:
    model = got(hub)
    (model.folder / missing if missing == WEIGHTS else model_folder("toy") / COMPLETE_MARK).unlink()
    assert find_stored("toy") is None
    assert data(got(hub)) == hub.files[WEIGHTS]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"listing": {}}', '{"host": 1, "listing": {"files": [3]}}'])
def test_a_note_that_cannot_be_read_counts_for_nothing(hub: Imitation, text: str) -> None:
    got(hub)
    (model_folder("toy") / COMPLETE_MARK).write_text(text)
    assert find_stored("toy") is None
    assert data(got(hub)) == hub.files[WEIGHTS]


def test_a_shortened_file_is_not_whole(hub: Imitation) -> None:
    os.truncate(got(hub).folder / WEIGHTS, SIZE - 1)
    assert find_stored("toy") is None


def test_two_at_once_download_it_once(hub: Imitation) -> None:
    found: list[StoredModel] = []
    both = [threading.Thread(target=lambda: found.append(got(hub))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found[0] == found[1]
    assert len(hub.storage.seen) == 1


def test_a_disk_too_small_is_told_before_the_first_byte(
    hub: Imitation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk.folder))
        said = fails(hub)
    assert "no room at" in said and "0.3 MB are to come" in said and "make room" in said
    assert hub.storage.seen == []


def test_a_disk_that_fills_up_midway_keeps_what_came(
    hub: Imitation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files[WEIGHTS] = random_bytes(4_000_000)
    with small_disk(tmp_path / "disk", 8) as disk:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk.folder))

        def fills(handler: Handler) -> None:
            disk.fill()
            hub.serve(handler)

        hub.storage.answers = [fills]
        assert "no room at" in fails(hub)
        disk.free()
        assert data(got(hub)) == hub.files[WEIGHTS]
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_place_that_cannot_be_written_is_one_line(hub: Imitation) -> None:
    model_folder("toy").mkdir(parents=True)
    (model_folder("toy") / COMMIT).write_text("a file where the folder should be")
    assert "can't be stored under" in fails(hub)


def test_the_note_names_every_file_with_its_hash(hub: Imitation) -> None:
    model = got(hub)
    note = json.loads((model_folder("toy") / COMPLETE_MARK).read_text())
    assert note["listing"]["files"] == [{"path": WEIGHTS, "size": SIZE, "digest": model.digest(WEIGHTS)}]
    shutil.rmtree(model.folder)
    assert find_stored("toy") is None
