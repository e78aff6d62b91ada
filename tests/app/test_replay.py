"""`pelagos replay` as a person meets it: real processes, without bubblewrap, weights or a network."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import tarfile
import time
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from agents.launch import create
from app.folders import read
from app.record import Record
from app.replay.origin import command, origin
from app.replay.pack import pack
from app.replay.play import Clock, play, schedule
from app.replay.source import RECORDED, copied, recorded
from memory.controller import hold_controller
from memory.ledger import Event, Ledger
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedParts
from tests.app.test_cli import pelagos, told
from tests.toolchains.table import write_task


def replayed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a home without weights, on a PATH without bubblewrap."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "PATH": str(home), "TMPDIR": str(home)}
    return pelagos("replay", *words, folder=folder, **places)


def state(folder: Path) -> dict[str, tuple[int, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


def test_the_shipped_run_plays_without_anything(tmp_path: Path) -> None:
    began = time.monotonic()
    done = replayed(tmp_path)
    assert done.returncode == 0, done.stderr
    assert 15 < time.monotonic() - began < 60  # some 20 s; a busy machine takes longer to start and to write
    lines = done.stdout.splitlines()
    assert lines[0].startswith("recorded run: task ")
    assert "made by `pelagos run " in lines[0]
    assert any("measuring the baseline" in line for line in lines)
    assert any("judged: " in line for line in lines)
    report = Path(next(line for line in lines if line.startswith("report: ")).removeprefix("report: "))
    assert report.read_text().startswith("<!doctype html>")
    assert "home" in report.parts, "a temporary folder"


def test_the_shipped_run_is_small_and_names_no_machine(tmp_path: Path) -> None:
    folder = recorded(tmp_path)
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
    before = state(run_folder)
    done = replayed(run_folder.parents[1], "demo", "--seconds", "0", "--out", "shown")
    assert done.returncode == 0, done.stderr
    assert "2 hypotheses judged: 1 supported, 1 refuted; best effect +0.05 (Smooth labels)" in done.stdout
    assert "Smooth labels" in (run_folder.parents[1] / "shown" / "report.html").read_text()
    assert state(run_folder) == before


@pytest.mark.parametrize("driven", [False, True])
def test_what_is_only_in_the_write_ahead_log_is_played(driven: bool, run_folder: Path) -> None:
    """As after a kill, and beside the process that drives the run."""
    driver = hold_controller(run_folder) if driven else nullcontext()
    with driver, closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("note", "late", {"text": "written late"})
        before = state(run_folder)
        done = replayed(run_folder.parents[1], "demo", "--seconds", "0")
        assert "written late" in done.stdout, done.stderr
        assert driven or state(run_folder) == before


def test_a_report_of_a_run_with_settings_of_another_version(tmp_path: Path, run_folder: Path) -> None:
    run = described(tmp_path, run_folder)
    description = json.loads((run / "run.json").read_text())
    description["settings"]["loop"]["colour"] = "red"
    (run / "run.json").write_text(json.dumps(description))
    done = replayed(tmp_path, "r", "--seconds", "0")
    assert done.returncode == 0, done.stderr


def test_a_damaged_ledger_plays_its_good_part_and_stays_as_it_is(run_folder: Path) -> None:
    with closing(sqlite3.connect(run_folder / "ledger.db")) as ledger:
        ledger.execute("DROP TRIGGER no_update")
        ledger.execute("UPDATE events SET payload = '{}' WHERE kind = 'confirmed'")
        ledger.commit()
    before = state(run_folder)
    done = replayed(run_folder.parents[1], "demo", "--seconds", "0")
    assert done.returncode == 0, done.stderr
    assert "does not continue the hash chain; only its" in done.stderr
    assert "2 hypotheses judged" in done.stdout
    assert "run ended" not in done.stdout
    assert state(run_folder) == before


def test_a_ledger_that_is_no_database_is_one_line(run_folder: Path) -> None:
    (run_folder / "ledger.db").write_bytes(b"nonsense" * 1000)
    done = replayed(run_folder.parents[1], "demo")
    told(done, "ledger.db: file is not a database: there is nothing to replay")
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_run_is_one_line(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "runs" / "young" / "ledger.db").close()
    told(replayed(tmp_path, "young"), "holds no event yet: there is nothing to replay")


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path) -> None:
    told(replayed(tmp_path, "nowhere"), "nowhere", "no run folder")


@pytest.mark.parametrize("words", [("replay", "demo"), ("status", "demo")])
def test_a_run_of_a_newer_version_is_one_line(words: tuple[str, ...], run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("verdict", "new", {"id": "new", "hypothesis": "h1", "kind": "supported", "colour": "red"})
    done = pelagos(*words, folder=run_folder.parents[1])
    told(done, "(verdict): colour: extra inputs are not permitted; another version of Pelagos wrote it")
    assert len(done.stderr.splitlines()) == 1


def test_a_description_of_a_newer_version_is_one_line(run_folder: Path) -> None:
    (run_folder / "run.json").write_text('{"pelagos": "9.0", "colour": "red"}')
    told(replayed(run_folder.parents[1], "demo"), "run.json", "another version of Pelagos wrote it")


def test_a_file_is_no_folder_for_the_report(run_folder: Path) -> None:
    told(replayed(run_folder.parents[1], "demo", "--out", str(run_folder / "ledger.db")), "--out", "is no folder")


def test_the_report_is_never_written_into_the_run(run_folder: Path) -> None:
    told(replayed(run_folder.parents[1], "demo", "--out", str(run_folder / "x")), "--out", "lies in the run folder")
    assert not (run_folder / "x").exists()


def test_time_passes_as_the_run_had_it_and_pauses_take_none() -> None:
    kinds = [("node", 0.0), ("node", 100.0), ("clock.intent", 9000.0), ("node", 9100.0)]
    events = [Event(place, at, kind, str(place), {"node": "survey"}) for place, (kind, at) in enumerate(kinds)]
    assert schedule(events, 10.0) == [0.0, 5.0, 5.0, 10.0]
    seen: list[float] = []
    clock = Clock(0.0)

    class Looking:
        def show(self, event: object) -> None: ...
        def say(self, text: str) -> None: ...
        def tick(self) -> None:
            seen.append(clock())

    began = time.monotonic()
    play(events[:2], Record(), Looking(), clock, 0.5)
    assert 0.4 < time.monotonic() - began < 1.5
    assert seen == sorted(seen)
    assert len(seen) >= 4
    assert 10 < seen[0] < 40
    assert clock() == 100.0


def test_the_origin_is_the_command_that_makes_one_like_it() -> None:
    settings = Settings(models={"default": "openai:m@http://x/v1"}, caps={"seconds": 1800}, loop={"workers": 1}, seed=3)
    record = Record(started={"task": "digits", "settings": settings.model_dump(mode="json")}, first_at=86400.0 * 365)
    assert (
        command(record)
        == "`pelagos run digits --workers 1 --hours 0.5 --model default=openai:m@http://x/v1` with seed = 3"
    )
    assert origin(record).startswith("task digits, openai:m@http://x/v1, 1971-01-01, made by `pelagos run digits")


def test_a_packed_run_keeps_what_is_shown_and_nothing_of_the_machine(run_folder: Path, tmp_path: Path) -> None:
    run = described(tmp_path, run_folder)
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        ledger.append(
            "note", "n", {"text": f"wrote {run.resolve()}/x and /root/.cache/weights/model.gguf, at:/home/ann/x/y.py"}
        )
        ledger.append("model", "m", {"role": "coder", "spec": "openai:m@http://10.1.2.3:8000/v1", "text": "secret"})
        ledger.append("run.ended", "2", {"status": "finished", "exit_code": 0, "reason": ""})
    assert pack(run, tmp_path / RECORDED) < 300_000
    unpack(tmp_path / RECORDED, tmp_path / "out")
    source = copied(tmp_path / "out" / "r", tmp_path)
    assert not source.damage
    whole = json.dumps([event.payload for event in source.events])
    assert "secret" not in whole
    assert "wrote r/x and ~/.cache/weights/model.gguf, at:y.py" in whole
    assert "openai:m@http://host/v1" in whole
    assert str(tmp_path) not in whole + (tmp_path / "out" / "r" / "run.json").read_text()
    again, before = read(tmp_path / "out" / "r"), read(run)
    assert again.verdicts == before.verdicts
    assert again.first_at == before.first_at


def described(tmp_path: Path, facts: Path) -> Path:
    """A run folder with a description and a task, and with the facts and artifacts of another."""
    settings = Settings(models={"default": "replay:none"})
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "runs" / "r", ScriptedParts())
    (facts / "artifacts").rename(run / "artifacts")
    (facts / "ledger.db").rename(run / "ledger.db")
    return run


def unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
