"""A ledger that an earlier version filled with halves of characters, escapes and markup: everything that shows it
does."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from app.commands.output import print_json
from app.commands.reading.status import hypotheses, list_runs, status
from app.live.board import list_rows
from app.live.event_lines import describe_event
from app.live.live_view import open_live_view
from app.live.plain_view import PlainView
from app.record import folders, summaries
from app.replay.source import copy_run
from app.report.build import write_report
from memory.ledger import repair
from memory.ledger.ledger import Ledger
from memory.ledger.rows import GENESIS, Row, chain_value, connect, scan_rows

NASTY = r"caf\udce9 \ud800 \u001b[2J \u202ex [bold]b[/] [/] \udb40\udc41 <b>"


@pytest.fixture
def old(run_folder: Path) -> Path:
    """The run of `run_folder` with hostile texts in every fact, as an earlier version wrote them."""
    path = run_folder / "ledger.db"
    with closing(connect(path, read_only=True)) as connection:
        rows = list(scan_rows(connection))
    extra = [
        ("note", "1", f'{{"text":"{NASTY}"}}'),
        ("model.fault", "1", f'{{"error":"{NASTY}","role":"coder"}}'),
        ("run.stopped", "1", f'{{"reason":"{NASTY}","status":"crashed"}}'),
    ]
    texts = [(row.kind, row.key, row.payload.replace("It helped.", NASTY)) for row in rows if row.kind != "run.ended"]
    new_rows, previous = list[Row](), GENESIS
    for number, (kind, key, payload) in enumerate([*texts, *extra], 1):
        payload = payload.replace("Smooth labels", f"Smooth {NASTY}").replace("Change the loss.", NASTY)
        previous = chain_value(previous, number, 1000.0 + number, kind, key, payload)
        new_rows.append(Row(number, 1000.0 + number, kind, key, payload, previous))
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    repair.write_ledger(path, new_rows)
    return run_folder


def open_strict() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict")


def read_text(out: io.TextIOWrapper) -> str:
    out.flush()
    return out.buffer.getvalue().decode()  # type: ignore[attr-defined]


def test_it_is_sound_and_goes_on(old: Path) -> None:
    with closing(Ledger.open(old / "ledger.db")) as ledger:
        assert ledger.damage == ""
        ledger.append("note", "2", {"text": "on it goes"})
        assert "\ufffd" in ledger.events("note")[0].payload["text"]


def test_the_live_view_and_the_plain_lines_show_it(old: Path) -> None:
    record, out, lines = folders.read_record(old), open_strict(), open_strict()
    console = Console(file=out, force_terminal=True, width=200)
    with closing(Ledger.read(old / "ledger.db")) as ledger, open_live_view(old, record, console) as view:
        plain = PlainView(record, lines)
        for event in ledger.events():
            view.show(event)
            plain.show(event)
            assert "\x1b" not in describe_event(record, event)
        view.tick()
    assert "caf\ufffd" in read_text(out)
    assert "[bold]b[/]" in read_text(out)
    assert "\x1b" not in read_text(lines)
    assert "caf\ufffd" in read_text(lines)


def test_the_report_can_be_written(old: Path, tmp_path: Path) -> None:
    html, markdown = (path.read_text("utf-8") for path in write_report(old, tmp_path / "out"))
    for page in (html, markdown):
        assert "caf\ufffd" in page
        assert not {"\x1b", "\u202e", "\U000e0041"} & set(page)
    assert "&lt;b&gt;" in html


def test_the_commands_show_it(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = open_strict()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.chdir(old.parents[1])
    for as_json in (False, True):
        status(str(old), json=as_json)
        hypotheses(str(old), json=as_json)
        list_runs(json=as_json)
    print_json(
        [summaries.summarize_hypothesis(folders.read_record(old), row) for row in list_rows(folders.read_record(old))]
    )
    print_json({"text": "\ud800"})
    assert "caf\ufffd" in read_text(out)


def test_it_can_be_replayed(old: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    for event in copy_run(old, tmp_path / "scratch").events:
        json.dumps(event.payload, ensure_ascii=False).encode()
