"""Where nothing isolates a run's code, every page says so in red; where something does, none."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from agents.launch import create
from app.driving import warn
from app.folders import read
from app.live import LiveView, unsafe
from app.report.build import HTML, MARKDOWN, write
from app.warning import TEXT
from memory.ledger import Ledger
from pelagos.nouns import Experiment, OutcomeKind
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedParts
from tests.toolchains.table import write_task

RED = "\x1b[1;37;41m"


@pytest.fixture
def unsafe_run(run_folder: Path) -> Path:
    one = Experiment(
        id="u1", version="v1", hypothesis="h1", seed=9, split="validation", outcome=OutcomeKind.OK, score=0.9,
        isolation="unsafe (no isolation)",
    )  # fmt: skip
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("experiment", one.id, one.model_dump(mode="json"))
    return run_folder


def drawn(thing: object) -> str:
    out = io.StringIO()
    Console(file=out, force_terminal=True, color_system="standard", width=200).print(thing)
    return out.getvalue()


def page(command: str, run: Path) -> str:
    words = [sys.executable, "-m", "app.main", command, run.name]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "FORCE_COLOR": "1", "COLUMNS": "220"}
    env.pop("NO_COLOR", None)
    done = subprocess.run(words, cwd=run.parents[1], capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_report_begins_with_it(unsafe_run: Path) -> None:
    write(unsafe_run)
    html, markdown = (unsafe_run / HTML).read_text(), (unsafe_run / MARKDOWN).read_text()
    assert f'<p class="unsafe" role="alert">{TEXT}</p>' in html
    assert html.index('class="unsafe"') < html.index("<h1>")
    assert ".unsafe { background: #b3001b" in html
    assert markdown.splitlines()[2].startswith("**UNSAFE: nothing isolates")
    assert markdown.splitlines()[2].endswith("**")


def test_the_live_view_shows_it_in_red(unsafe_run: Path) -> None:
    screen = drawn(LiveView(unsafe_run, read(unsafe_run), None).render(0.0))  # type: ignore[arg-type]
    assert screen.startswith(f"{RED}UNSAFE: ")


@pytest.mark.parametrize("command", ["status", "hypotheses"])
def test_commands_that_read_show_it_in_red(command: str, unsafe_run: Path) -> None:
    assert page(command, unsafe_run).startswith(f"{RED}UNSAFE: ")


def test_an_isolated_run_says_nothing_of_it(run_folder: Path) -> None:
    write(run_folder)
    assert "UNSAFE" not in (run_folder / HTML).read_text() + (run_folder / MARKDOWN).read_text()
    assert unsafe(read(run_folder)) == []


@pytest.mark.parametrize(("name", "first"), [("unsafe", "UNSAFE: nothing isolates"), ("auto", "")])
def test_a_runs_first_line(name: str, first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(sandbox={"name": name}, models={"default": "replay:none"})
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "r", ScriptedParts())
    warn(run)
    said = capsys.readouterr().out
    assert said.startswith(first)
    assert len(said.splitlines()) == bool(first)
