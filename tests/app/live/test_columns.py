"""Tables, the live view and status at three widths: no number is cut, no line is too long, the title stays readable."""

from __future__ import annotations

import io
import re
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from app.live.columns import Column, FittedTable
from app.live.live_view import LiveView
from app.record.folders import read_record
from app.record.record import Record
from memory.ledger.ledger import Ledger
from tests.app.command import run_pelagos

TITLE = "A much longer title than any terminal has room for, about the learning rate of the second layer"
WIDTHS = [60, 80, 120]


@pytest.fixture
def long_run(run_folder: Path) -> Path:
    """The run with long titles, one hypothesis more that was screened out, and wide numbers."""
    first = read_record(run_folder).hypotheses["h1"].model_dump(mode="json")
    verdict = {"hypothesis": "h12", "kind": "refuted", "effect": -0.0123, "low": -0.0456, "high": -0.00789}
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        for id in ("h11", "h12"):
            ledger.append("hypothesis", id, first | {"id": id, "title": f"{id} {TITLE}"})
        ledger.append("screened", "h11", {"hypothesis": "h11", "kept": False, "reason": "repeats the dead end x/h3"})
        ledger.append("verdict", "w", verdict | {"id": "w", "p_value": 12345.6, "seeds": 8})
    return run_folder


def print_lines(renderable: RenderableType, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=50).print(renderable)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def find_numbers(lines: list[str]) -> set[str]:
    """Whole numbers of the table: between spaces, with no ellipsis at their end."""
    return set(re.findall(r"(?<!\S)[+−]?\d[\d.,e+−]*(?!\S)", "\n".join(lines)))


@pytest.mark.parametrize("width", WIDTHS)
def test_hypotheses_fit_and_numbers_are_whole(width: int, long_run: Path) -> None:
    result = run_pelagos("hypotheses", "demo", folder=long_run.parents[1], COLUMNS=str(width))
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert {"+0.05", "−0.03", "−0.0123"} <= find_numbers(lines)
    assert len([line for line in lines if line.startswith("h1")]) == 3, "a row is one line"
    row = next(line for line in lines if line.startswith("h12"))
    assert "…" in row
    if width >= 80:
        assert "−0.0456 to −0.00789" in row
        assert len(row.split("…")[0].removeprefix("h12").strip()) >= 23, "24 cells with the ellipsis"
    if width >= 120:
        assert "1.235e+04" in row


@pytest.mark.parametrize("width", WIDTHS)
def test_the_live_view_fits(width: int, long_run: Path) -> None:
    record = read_record(long_run)
    view = LiveView(Path("/a/long/path/to/the/runs/of/this/project/demo"), record, None)  # type: ignore[arg-type]
    lines = print_lines(view.render(record.last_at + 7), width)
    assert max(map(len, lines)) <= width
    assert {"−0.0123", "+0.05"} <= find_numbers(lines)
    assert any(line.startswith("experiments") for line in lines)
    assert "best effect +0.05 (Smooth labels)" in " ".join(line.strip() for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_budgets_with_large_caps_are_never_cut(width: int, long_run: Path) -> None:
    record = read_record(long_run)
    record.settings["caps"] |= {"tokens": 123_456_789, "usd": 1234.5, "seconds": 90_000}
    record.spent.unpriced, record.spent.usd = 123, 0.5
    view = LiveView(Path("demo"), record, None)  # type: ignore[arg-type]
    text = "\n".join(print_lines(view.render(record.last_at), width))
    for amount in ("of 123,456,789", "of 25 h 00 min", "of $1234.50"):
        assert amount in text


@pytest.mark.parametrize("command", ["status", "list"])
@pytest.mark.parametrize("width", WIDTHS)
def test_status_and_list_fit(command: str, width: int, long_run: Path) -> None:
    arguments = ["status", "demo"] if command == "status" else ["list"]
    result = run_pelagos(*arguments, folder=long_run.parents[1], COLUMNS=str(width))
    assert result.returncode == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= width
    assert "cycle" not in result.stdout
    assert "demo" in result.stdout
    assert "finished" in result.stdout


def test_the_least_important_columns_fall_away_first() -> None:
    columns = [Column("id"), Column("title", min_width=24), Column("less", rank=2), Column("least", rank=3)]
    rows = [["h1", "t" * 50, "1" * 10, "2" * 10]]
    assert set(FittedTable(columns, rows).fit_widths(52)) == {0, 1, 2, 3}
    assert set(FittedTable(columns, rows).fit_widths(51)) == {0, 1, 2}
    assert set(FittedTable(columns, rows).fit_widths(39)) == {0, 1}
    assert FittedTable(columns, rows).fit_widths(20) == {0: 2, 1: 16}


def test_a_record_without_hypotheses_has_a_screen() -> None:
    assert any("no hypotheses yet" in line for line in print_lines(LiveView(Path("x"), Record(), None).render(0.0), 80))  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [{}, {"COLUMNS": "40"}])
def test_a_pipe_gets_whole_names_of_runs(columns: dict[str, str], run_folder: Path) -> None:
    name = "a-run-with-a-name-that-is-longer-than-any-terminal-has-room-for-" + "x" * 120 + "-20260101-120000"
    run_folder.rename(run_folder.with_name(name))
    result = run_pelagos("list", folder=run_folder.parents[1], **columns)
    row = next(line for line in result.stdout.splitlines() if line.startswith("a-run"))
    assert row.split()[:2] == [name, "finished"]


def test_a_pipe_gets_whole_titles_and_lines(long_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # workers of the test runner have it
    result = run_pelagos("hypotheses", "demo", folder=long_run.parents[1])
    assert f"h12 {TITLE}" in result.stdout
    assert "…" not in result.stdout
