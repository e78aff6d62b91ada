"""`pelagos replay` as a person meets it, without bubblewrap, weights or a network."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tarfile
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.setup.create import create
from app.commands.reading.replay import SECONDS
from app.record.folders import read_record
from app.record.record import Record
from app.replay.origin import describe_origin, rebuild_command
from app.replay.pack import pack
from app.replay.play import Clock, play, schedule
from app.replay.source import RECORDED, copy_run, unpack_recording
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Event, Ledger
from pelagos.facts.drive import Started
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedAssembly
from tests.agents.servers.outage import Dial
from tests.app.command import Completed, assert_bad_input, run_pelagos, spawn_pelagos
from tests.toolchains.table import write_task


def run_replay(folder: Path, *arguments: str, run: Callable[..., Completed] = run_pelagos) -> Completed:
    """In a home without weights, on a PATH without bubblewrap."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "PATH": str(home), "TMPDIR": str(home)}
    return run("replay", *arguments, folder=folder, **places)


def hash_files(folder: Path) -> dict[str, tuple[int, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


def test_the_shipped_run_plays_without_anything(tmp_path: Path) -> None:
    began = time.monotonic()
    result = run_replay(tmp_path, "--seconds", "3", run=spawn_pelagos)
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - began > 3
    assert 15 <= SECONDS <= 20, "of it without the option"
    lines = result.stdout.splitlines()
    assert lines[0].startswith("recorded run: task ")
    assert "made by `pelagos run " in lines[0]
    assert any("measuring the baseline" in line for line in lines)
    assert any("judged: " in line for line in lines)
    report = Path(next(line for line in lines if line.startswith("report: ")).removeprefix("report: "))
    assert report.read_text().startswith("<!doctype html>")
    assert "home" in report.parts, "a temporary folder"


def test_the_shipped_run_is_small_and_names_no_machine(tmp_path: Path) -> None:
    folder = unpack_recording(tmp_path)
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != "ledger.db"]
    with closing(Ledger.read(folder / "ledger.db")) as ledger:
        events = ledger.events()
    texts += [json.dumps(event.payload) for event in events]
    for text in texts:
        assert not [word for word in ("/root", "/home/", "/work/", "/tmp/") if word in text]
    assert not {"vector", "remembered", "model.file"} & {event.kind for event in events}
    assert not [
        event for event in events if event.kind == "model" and ("text" in event.payload or "messages" in event.payload)
    ]


def test_a_run_is_played_into_a_named_folder_and_not_changed(run_folder: Path) -> None:
    original = hash_files(run_folder)
    result = run_replay(run_folder.parents[1], "demo", "--seconds", "0", "--out", "shown")
    assert result.returncode == 0, result.stderr
    assert "2 hypotheses judged: 1 supported, 1 refuted; best effect +0.05 (Smooth labels)" in result.stdout
    assert "Smooth labels" in (run_folder.parents[1] / "shown" / "report.html").read_text()
    assert hash_files(run_folder) == original


@pytest.mark.parametrize("driven", [False, True])
def test_what_is_only_in_the_write_ahead_log_is_played(driven: bool, run_folder: Path) -> None:
    """As after a kill, and beside the process that drives the run."""
    driver = hold_controller(run_folder) if driven else nullcontext()
    with driver, closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("note", "late", {"text": "written late"})
        original = hash_files(run_folder)
        result = run_replay(run_folder.parents[1], "demo", "--seconds", "0", run=spawn_pelagos)
        assert "written late" in result.stdout, result.stderr
        assert driven or hash_files(run_folder) == original


def test_a_report_of_a_run_with_settings_of_another_version(tmp_path: Path, run_folder: Path) -> None:
    run = describe_run(tmp_path, run_folder)
    description = json.loads((run / "run.json").read_text())
    description["settings"]["loop"]["colour"] = "red"
    (run / "run.json").write_text(json.dumps(description))
    result = run_replay(tmp_path, "r", "--seconds", "0")
    assert result.returncode == 0, result.stderr


def test_a_damaged_ledger_plays_its_good_part_and_stays_as_it_is(run_folder: Path) -> None:
    with closing(sqlite3.connect(run_folder / "ledger.db")) as ledger:
        ledger.execute("DROP TRIGGER no_update")
        ledger.execute("UPDATE events SET payload = '{}' WHERE kind = 'claim'")
        ledger.commit()
    original = hash_files(run_folder)
    result = run_replay(run_folder.parents[1], "demo", "--seconds", "0")
    assert result.returncode == 0, result.stderr
    assert "does not continue the hash chain; only its" in result.stderr
    assert "2 hypotheses judged" in result.stdout
    assert "run ended" not in result.stdout
    assert hash_files(run_folder) == original


def test_a_ledger_that_is_no_database_is_one_line(run_folder: Path) -> None:
    (run_folder / "ledger.db").write_bytes(b"nonsense" * 1000)
    result = run_replay(run_folder.parents[1], "demo")
    assert_bad_input(result, "ledger.db: file is not a database: there is nothing to replay")
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_run_is_one_line(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "runs" / "young" / "ledger.db").close()
    assert_bad_input(run_replay(tmp_path, "young"), "holds no event yet: there is nothing to replay")


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path) -> None:
    assert_bad_input(run_replay(tmp_path, "nowhere"), "nowhere", "no run folder")


@pytest.mark.parametrize("arguments", [("replay", "demo"), ("status", "demo")])
def test_a_run_of_a_newer_version_is_one_line(arguments: tuple[str, ...], run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("verdict", "new", {"id": "new", "hypothesis": "h1", "kind": "supported", "colour": "red"})
    result = run_pelagos(*arguments, folder=run_folder.parents[1])
    assert_bad_input(result, "(verdict): colour: extra inputs are not permitted; another version of Pelagos wrote it")
    assert len(result.stderr.splitlines()) == 1


def test_a_description_of_a_newer_version_is_one_line(run_folder: Path) -> None:
    (run_folder / "run.json").write_text('{"pelagos": "9.0", "colour": "red"}')
    assert_bad_input(run_replay(run_folder.parents[1], "demo"), "run.json", "another version of Pelagos wrote it")


def test_a_file_is_no_folder_for_the_report(run_folder: Path) -> None:
    assert_bad_input(
        run_replay(run_folder.parents[1], "demo", "--out", str(run_folder / "ledger.db")), "--out", "is no folder"
    )


def test_the_report_is_never_written_into_the_run(run_folder: Path) -> None:
    assert_bad_input(
        run_replay(run_folder.parents[1], "demo", "--out", str(run_folder / "x")), "--out", "lies in the run folder"
    )
    assert not (run_folder / "x").exists()


def test_time_passes_as_the_run_had_it_and_pauses_take_none(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [("node", 0.0), ("node", 100.0), ("clock.intent", 9000.0), ("node", 9100.0)]
    events = [Event(number, at, kind, str(number), {"node": "survey"}) for number, (kind, at) in enumerate(kinds)]
    assert schedule(events, 10.0) == [0.0, 5.0, 5.0, 10.0]
    times: list[float] = []
    clock = Clock(0.0)

    class Looking:
        def show(self, event: object) -> None: ...
        def say(self, text: str) -> None: ...
        def tick(self) -> None:
            times.append(clock())

    hands = Dial()
    began = hands.now()
    monkeypatch.setattr("app.replay.play.time", SimpleNamespace(monotonic=hands.now, sleep=hands.sleep))
    play(events[:2], Record(), Looking(), clock, 0.5)
    assert hands.now() - began == pytest.approx(0.5)
    assert times[:5] == pytest.approx([20, 40, 60, 80, 100])
    assert clock() == 100.0


def test_the_origin_is_the_command_that_makes_one_like_it() -> None:
    settings = Settings(models={"default": "openai:m@http://x/v1"}, caps={"seconds": 1800}, loop={"workers": 1}, seed=3)
    record = Record(started=Started(task="digits", settings=settings.model_dump(mode="json")), first_at=86400.0 * 365)
    assert (
        rebuild_command(record)
        == "`pelagos run digits --workers 1 --hours 0.5 --model default=openai:m@http://x/v1` with seed = 3"
    )
    assert describe_origin(record).startswith(
        "task digits, openai:m@http://x/v1, 1971-01-01, made by `pelagos run digits"
    )


def test_a_packed_run_keeps_what_is_shown_and_nothing_of_the_machine(run_folder: Path, tmp_path: Path) -> None:
    run = describe_run(tmp_path, run_folder)
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        ledger.append(
            "note", "n", {"text": f"wrote {run.resolve()}/x and /root/.cache/weights/model.gguf, at:/home/ann/x/y.py"}
        )
        ledger.append("model", "m", {"role": "coder", "spec": "openai:m@http://10.1.2.3:8000/v1", "text": "secret"})
        ledger.append("run.ended", "2", {"status": "finished", "exit_code": 0, "reason": ""})
    assert pack(run, tmp_path / RECORDED) < 300_000
    unpack(tmp_path / RECORDED, tmp_path / "out")
    source = copy_run(tmp_path / "out" / "r", tmp_path)
    assert not source.damage
    text = json.dumps([event.payload for event in source.events])
    assert "secret" not in text
    assert "wrote r/x and ~/.cache/weights/model.gguf, at:y.py" in text
    assert "openai:m@http://host/v1" in text
    assert str(tmp_path) not in text + (tmp_path / "out" / "r" / "run.json").read_text()
    unpacked, original = read_record(tmp_path / "out" / "r"), read_record(run)
    assert unpacked.verdicts == original.verdicts
    assert unpacked.first_at == original.first_at


def describe_run(tmp_path: Path, facts: Path) -> Path:
    """A run folder with a description and a task, and with the facts and artifacts of another."""
    settings = Settings(models={"default": "replay:none"})
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "runs" / "r", ScriptedAssembly())
    (facts / "artifacts").rename(run / "artifacts")
    (facts / "ledger.db").rename(run / "ledger.db")
    return run


def unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
