"""A ledger that an earlier version filled with halves of characters, escapes and markup: everything that shows it does."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from app import folders, summaries
from app.board import rows
from app.feed import told
from app.live import live_view
from app.output import print_json
from app.plain import PlainView
from app.reading import hypotheses, list_runs, status
from app.replay.source import copied
from app.report.build import write
from memory import salvage
from memory.ledger import Ledger
from memory.rows import GENESIS, Row, connect, link, scan

NASTY = r"caf\udce9 \ud800 \u001b[2J \u202ex [bold]b[/] [/] \udb40\udc41 <b>"


@pytest.fixture
def old(run_folder: Path) -> Path:
    """The run of `run_folder` with hostile texts in every fact, as an earlier version wrote them."""
    path = run_folder / "ledger.db"
    engine = connect(path, read_only=True)
    with engine.begin() as connection:
        found = list(scan(connection))
    engine.dispose()
    extra = [
        ("note", "1", f'{{"text":"{NASTY}"}}'),
        ("model.fault", "1", f'{{"error":"{NASTY}","role":"coder"}}'),
        ("run.stopped", "1", f'{{"reason":"{NASTY}","status":"crashed"}}'),
    ]
    texts = [(row.kind, row.key, row.payload.replace("It helped.", NASTY)) for row in found if row.kind != "run.ended"]
    made, previous = list[Row](), GENESIS
    for number, (kind, key, payload) in enumerate([*texts, *extra], 1):
        payload = payload.replace("Smooth labels", f"Smooth {NASTY}").replace("Change the loss.", NASTY)
        previous = link(previous, number, 1000.0 + number, kind, key, payload)
        made.append(Row(number, 1000.0 + number, kind, key, payload, previous))
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    salvage.build(path, made)
    return run_folder


def strict() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict")


def shown(out: io.TextIOWrapper) -> str:
    out.flush()
    return out.buffer.getvalue().decode()  # type: ignore[attr-defined]


def test_it_is_sound_and_goes_on(old: Path) -> None:
    with closing(Ledger.open(old / "ledger.db")) as ledger:
        assert ledger.damage == ""
        ledger.append("note", "2", {"text": "on it goes"})
        assert "\ufffd" in ledger.events("note")[0].payload["text"]


def test_the_live_view_and_the_plain_lines_show_it(old: Path) -> None:
    record, out, lines = folders.read(old), strict(), strict()
    console = Console(file=out, force_terminal=True, width=200)
    with closing(Ledger.read(old / "ledger.db")) as ledger, live_view(old, record, console) as view:
        plain = PlainView(record, lines)
        for event in ledger.events():
            view.show(event)
            plain.show(event)
            assert "\x1b" not in told(record, event)
        view.tick()
    assert "caf\ufffd" in shown(out)
    assert "[bold]b[/]" in shown(out)
    assert "\x1b" not in shown(lines)
    assert "caf\ufffd" in shown(lines)


def test_the_report_can_be_written(old: Path, tmp_path: Path) -> None:
    html, markdown = (path.read_text("utf-8") for path in write(old, tmp_path / "out"))
    for page in (html, markdown):
        assert "caf\ufffd" in page
        assert not {"\x1b", "\u202e", "\U000e0041"} & set(page)
    assert "&lt;b&gt;" in html


def test_the_commands_show_it(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = strict()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.chdir(old.parents[1])
    for as_json in (False, True):
        status(str(old), json=as_json)
        hypotheses(str(old), json=as_json)
        list_runs(json=as_json)
    print_json([summaries.hypothesis(folders.read(old), row) for row in rows(folders.read(old))])
    print_json({"text": "\ud800"})
    assert "caf\ufffd" in shown(out)


def test_it_can_be_replayed(old: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    for event in copied(old, tmp_path / "scratch").events:
        json.dumps(event.payload, ensure_ascii=False).encode()
