"""The stream of events, served by a real server: it follows the ledger, goes on after a restart, and ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from app.record.folders import LEDGER
from app.review.pages import live
from memory.files.live_logs import write_live_log
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Ledger
from pelagos.facts.drive import Note
from pelagos.facts.review import Wanted
from tests.app.conftest import HOSTILE
from tests.app.review.form_browser import make_page

Events = Iterator[tuple[str, int, str]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_S", 0.05)


@contextmanager
def serving(project: Path) -> Iterator[httpx.Client]:
    """Serve the project; yield a client that has a session."""
    app = make_page(project)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=10) as client:
            client.get("/", params={"token": app.state.access.token})
            yield client
    finally:
        app.state.shelf.close()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def listening(client: httpx.Client, address: str, last: str = "") -> Iterator[Events]:
    with client.stream("GET", address, headers={"Last-Event-ID": last} if last else {}) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield read_events(reply.iter_lines())


def read_events(lines: Iterator[str]) -> Events:
    name, id, data = "", 0, []
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            id = int(value)
        elif field == "data":
            data.append(value)
        elif not line and name:
            yield name, id, "\n".join(data)
            name, data = "", []


def write_note(run_folder: Path, text: str) -> int:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.record(Note(text=text), text)
        return ledger.last_seq()


def test_new_rows_are_sent_as_progress_and_log(run_folder: Path) -> None:
    with serving(run_folder.parents[1]) as client, listening(client, "/runs/demo/events") as events:
        time.sleep(0.2)
        seq = write_note(run_folder, HOSTILE)
        name, id, html = next(events)
        assert (name, id) == ("progress", seq)
        assert 'class="machine"' in html
        name, id, html = next(events)
        assert (name, id) == ("log", seq)
        assert "&lt;script&gt;" in html
        assert "<script" not in html


def test_it_goes_on_behind_the_last_event_after_a_restart(run_folder: Path) -> None:
    project = run_folder.parents[1]
    with serving(project) as client, listening(client, "/runs/demo/events?after=0") as events:
        assert [next(events)[0] for _ in range(3)] == ["progress", "log", "news"]
        last = write_note(run_folder, "before the restart")
        assert next(events)[1] == last
    write_note(run_folder, "while it was away")
    with serving(project) as client, listening(client, "/runs/demo/events?after=0", str(last)) as events:
        assert next(events)[0] == "progress"
        name, _, html = next(events)
    assert name == "log"
    assert "while it was away" in html
    assert "before the restart" not in html


def test_a_stream_ends_when_the_server_ends(run_folder: Path) -> None:
    with serving(run_folder.parents[1]) as client, listening(client, "/runs/demo/events?after=0") as events:
        next(events)
        threading.Timer(0.3, lambda: write_note(run_folder, "last")).start()
        began = time.monotonic()
    assert time.monotonic() - began < 8


def test_an_unknown_run_has_no_stream(run_folder: Path) -> None:
    with serving(run_folder.parents[1]) as client:
        assert client.get("/runs/nope/events").status_code == 404


def test_what_a_running_experiment_prints_is_sent_escaped(run_folder: Path) -> None:
    about = {"hypothesis": "h1", "version": "v", "seed": 3, "split": "validation"}
    with (
        hold_controller(run_folder),
        serving(run_folder.parents[1]) as client,
        write_live_log(run_folder, "one", about, print) as tell,
        listening(client, "/runs/demo/events?of=h1") as events,
    ):
        assert "validation, seed 3" in next(events)[2]
        tell(HOSTILE)
        name, _, html = next(events)
        assert name == "running"
        assert "&lt;script&gt;" in html
        assert "<script" not in html
        assert "validation, seed 3" not in client.get("/runs/demo/hypotheses/h2").text
        assert "validation, seed 3" in client.get("/runs/demo").text


def test_a_page_is_told_of_news_about_what_it_shows(run_folder: Path) -> None:
    with serving(run_folder.parents[1]) as client:
        before = re.search(r"after=(\d+)", client.get("/runs/demo/hypotheses/h1").text)
        assert before
        for address in (f"after={before[1]}&of=h1", f"after={before[1]}"):
            with listening(client, f"/runs/demo/events?{address}") as events:
                with closing(Ledger.open(run_folder / LEDGER)) as ledger:
                    ledger.record(Wanted(hypothesis="h1"), address)
                assert any(name == "news" for name, _, _ in events)  # without one, reading times out
