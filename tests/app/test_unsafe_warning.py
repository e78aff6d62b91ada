"""Where nothing isolates a run's code, every page says so in red; where something does, none."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from agents.setup.create import create
from app.commands.drive import warn
from app.live.live_view import LiveView, list_warnings
from app.record.folders import read_record
from app.report.build import HTML, MARKDOWN, write_report
from app.unsafe_warning import TEXT
from memory.ledger.ledger import Ledger
from pelagos.nouns import Experiment, OutcomeKind
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedAssembly
from tests.app.command import run_pelagos
from tests.toolchains.table import write_task

RED = "\x1b[1;37;41m"


@pytest.fixture
def unsafe_run(run_folder: Path) -> Path:
    experiment = Experiment(
        id="u1", version="v1", hypothesis="h1", seed=9, split="validation", outcome=OutcomeKind.OK, score=0.9,
        isolation="unsafe (no isolation)",
    )  # fmt: skip
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("experiment", experiment.id, experiment.model_dump(mode="json"))
    return run_folder


def draw(renderable: object) -> str:
    out = io.StringIO()
    Console(file=out, force_terminal=True, color_system="standard", width=200).print(renderable)
    return out.getvalue()


def read_page(command: str, run: Path) -> str:
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("NO_COLOR", raising=False)
        result = run_pelagos(command, run.name, folder=run.parents[1], FORCE_COLOR="1", COLUMNS="220")
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_report_begins_with_it(unsafe_run: Path) -> None:
    write_report(unsafe_run)
    html, markdown = (unsafe_run / HTML).read_text(), (unsafe_run / MARKDOWN).read_text()
    assert f'<p class="unsafe" role="alert">{TEXT}</p>' in html
    assert html.index('class="unsafe"') < html.index("<h1>")
    assert ".unsafe { background: #b3001b" in html
    assert markdown.splitlines()[2].startswith("**UNSAFE: nothing isolates")
    assert markdown.splitlines()[2].endswith("**")


def test_the_live_view_shows_it_in_red(unsafe_run: Path) -> None:
    screen = draw(LiveView(unsafe_run, read_record(unsafe_run), None).render(0.0))  # type: ignore[arg-type]
    assert screen.startswith(f"{RED}UNSAFE: ")


@pytest.mark.parametrize("command", ["status", "hypotheses"])
def test_commands_that_read_show_it_in_red(command: str, unsafe_run: Path) -> None:
    assert read_page(command, unsafe_run).startswith(f"{RED}UNSAFE: ")


def test_an_isolated_run_says_nothing_of_it(run_folder: Path) -> None:
    write_report(run_folder)
    assert "UNSAFE" not in (run_folder / HTML).read_text() + (run_folder / MARKDOWN).read_text()
    assert list_warnings(read_record(run_folder)) == []


@pytest.mark.parametrize(("name", "first"), [("unsafe", "UNSAFE: nothing isolates"), ("auto", "")])
def test_a_runs_first_line(name: str, first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(sandbox={"name": name}, models={"default": "replay:none"})
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "r", ScriptedAssembly())
    warn(run)
    output = capsys.readouterr().out
    assert output.startswith(first)
    assert len(output.splitlines()) == bool(first)
