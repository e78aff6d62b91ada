"""A run that is started from the page: checked as on the command line, and driven by a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.setup.run_folder import read
from app.review.acts import starting
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from tests.agents.scripted import ScriptedAssembly
from tests.toolchains.table import write_task

SETTINGS = '[models]\ndefault = "replay:FOLDER"\nembedder = "hashing"\n[sandbox]\nname = "unsafe"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a task of its own, in which nothing is really started."""
    ScriptedAssembly()  # it registers the toolchain
    monkeypatch.setattr(starting, "start_detached", lambda folder, project: None)
    Ledger.open(tmp_path / "replayed" / "ledger.db").close()
    (tmp_path / "pelagos.toml").write_text(SETTINGS.replace("FOLDER", str(tmp_path / "replayed")))
    write_task(tmp_path / "mine")
    return tmp_path


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_form_becomes_the_settings_of_a_run(project: Path) -> None:
    form = {
        "task_folder": "mine",
        "hypotheses": "3",
        "hours": "1.5",
        "review": "gate",
        "model": "",
        "max_experiments": "",
    }
    folder = starting.start_run(project, form)
    settings = read(folder).resolved()
    assert folder.parent == project / "runs"
    assert (settings.loop.hypotheses, settings.caps.seconds, settings.loop.review) == (3, 5400, "gate")
    assert settings.caps.experiments is None
    assert settings.models.spec("coder") == f"replay:{project / 'replayed'}"


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({}, "task: name a shipped task or a task folder"),
        ({"task": "mine", "hours": "0.0001"}, "too short"),
        ({"task": "mine", "hypotheses": "-1"}, "hypotheses"),
        ({"task": "elsewhere"}, "elsewhere"),
    ],
)
def test_what_can_not_be_started_leaves_nothing(project: Path, form: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        starting.start_run(project, form)
    assert not list((project / "runs").glob("*"))
