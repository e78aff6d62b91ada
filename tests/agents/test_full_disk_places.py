"""A disk that is full at one place after the other, at each that a run writes at: the run waits, ends with one line and
exit code 3, and `resume` goes on and ends with the same facts. Room that is back in time is all that a run needs."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from app.report.build import write_report
from pelagos.errors import DiskFull
from pelagos.facts.drive import Ending
from pelagos.settings import Settings
from tests.agents.crash import locate_run, read_facts
from tests.agents.full_disk import watch_writes
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task
from tests.tools.code.conftest import TASK, make_task

ALWAYS = 1 << 30
OPTIONAL = {
    "tools/literature/cache.py:__init__": "nothing is cached, and it is said",
    "tools/literature/cache.py:_connect": "nothing is cached, and it is said",
    "memory/files/live_logs.py:begin": "nothing is shown live; what is recorded next says that the disk is full",
    "memory/files/live_logs.py:write": "the same; the experiment's own record holds its log",
    "memory/ledger/verified_mark.py:write": "the next opening verifies all rows",
}
"""Places that a run does without."""
SOME = (
    "agents/models/answer_cache.py:put",
    "agents/sealed/alpha_budget.py:_open_locked",
    "memory/artifacts.py:put",
    "memory/bank/bank.py:_bank_folder",
    "memory/checkpoints/checkpoints.py:_saver",
    "memory/ledger/repair.py:_create",
)


class Coder(Scripted):
    """Writes code: its change gives back the half that the program lacks."""

    def complete(self, request: Request, limit: Any) -> Reply:
        if request.role == "coder":
            code = "def predict(weights, x):\n    return scale(x) @ weights"
            return Reply(text=f"```python\n{code}\n```", tokens_in=50, tokens_out=50, seconds=0.1)
        reply = super().complete(request, limit)
        if request.role == "ideator":
            idea = json.loads(reply.text) | {"target": "fit.py::predict", "papers": []}
            return reply.model_copy(update={"text": json.dumps(idea)})
        return reply


def make_halved_task(folder: Path) -> Path:
    """A code task whose program predicts half of what it should."""
    make_task(folder)
    program = folder / "fit.py"
    program.write_text(program.read_text().replace("return scale(x) @ weights", "return 0.5 * (scale(x) @ weights)"))
    (folder / "task.yaml").write_text(TASK.replace("[1, 2, 3]", "[1, 2, 3, 4, 5, 6]"))
    return folder


class Kind(NamedTuple):
    """A kind of run: its task, settings and model, and what is the same of two of them."""

    task: Callable[[Path], Path]
    settings: Callable[[], Settings]
    model: Callable[[], Scripted]
    same: Callable[[Path], Any]


def read_findings(project: Path) -> Any:
    return {name: fact for name, fact in read_facts(project).items() if name[0] not in ("run.ended", "note")}


def count_kinds(project: Path) -> Any:
    """Count the kinds only: times and memory of programs differ, and each project draws its own data."""
    return Counter(kind for kind, _ in read_findings(project))


TABLE = Kind(write_task, lambda: make_short_settings(workers=2, lanes=1), Scripted, read_findings)
CODE = Kind(make_halved_task, lambda: make_short_settings(1, sandbox={"name": "unsafe"}), Coder, count_kinds)


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.launch.DISK_WAITS_S", (0.0,))
    move_home(tmp_path, monkeypatch)


def move_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "tmp").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(home / "tmp"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "tmp"))


def create_run(kind: Kind, project: Path) -> None:
    task = project / "task"
    create(
        project,
        str(task if task.exists() else kind.task(task)),
        kind.settings(),
        locate_run(project),
        ScriptedAssembly(kind.model()),
    )


def drive_and_report(kind: Kind, project: Path) -> Ending | None:
    """Create the run if it doesn't exist, drive it and write its report. Returns None if one of these found no room."""
    try:
        if not locate_run(project).exists():
            create_run(kind, project)
        ending = drive(locate_run(project), assembly=ScriptedAssembly(kind.model()))
        write_report(locate_run(project))
    except DiskFull:
        return None
    return ending


def find_places(kind: Kind, project: Path) -> list[str]:
    project.mkdir()
    with watch_writes() as seen:
        ending = drive_and_report(kind, project)
    assert ending is not None and ending.status == "finished", ending
    return sorted(seen)


def check_full(kind: Kind, place: str, project: Path) -> None:
    """Check a run whose writes at the place find no room, and then find some."""
    project.mkdir()
    with watch_writes(place, ALWAYS) as seen:
        ending = drive_and_report(kind, project)
    assert seen[place], f"{place}: nothing is written there any more"
    if ending is not None and ending.status == "finished":
        assert place in OPTIONAL, f"{place}: has no room, and the run ends as if it had"
    elif ending is not None:
        assert (ending.status, ending.exit_code) == ("disk full", 3), (place, ending)
        assert ending.reason.startswith("disk: no room left at") and "\n" not in ending.reason, place
    before = read_facts(project)
    again = drive_and_report(kind, project)
    assert again is not None and again.status == "finished", (place, again)
    after = read_facts(project)
    lasting = {name for name in before if name[0] != "run.ended"}
    assert all(after[name] == before[name] for name in lasting), place
    assert list_crashes(project) == [], place


def list_crashes(project: Path) -> list[str]:
    return [str(fact) for (kind, _), fact in read_facts(project).items() if kind == "run.stopped"]


def check_full_for_a_moment(kind: Kind, place: str, project: Path, same: Any) -> None:
    """Check a run whose first write at the place finds no room, and whose next one does."""
    project.mkdir()
    with watch_writes(place, 1) as seen:
        ending = drive_and_report(kind, project) or drive_and_report(kind, project)
    assert ending is not None and ending.status == "finished", (place, ending)
    assert seen[place] and kind.same(project) == same, place


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", [TABLE, CODE], ids=["table", "code"])
def test_every_place(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    all_places = find_places(kind, tmp_path / "whole")
    same = kind.same(tmp_path / "whole")
    for number, place in enumerate(all_places):
        move_home(tmp_path / f"{number}", monkeypatch)
        check_full(kind, place, tmp_path / f"{number}" / "full")
        assert kind.same(tmp_path / f"{number}" / "full") == same, place
        move_home(tmp_path / f"{number}m", monkeypatch)
        check_full_for_a_moment(kind, place, tmp_path / f"{number}m" / "moment", same)


def test_some_place(tmp_path: Path) -> None:
    """One of those that the slow suite walks, drawn anew each time."""
    place = random.choice(SOME)
    check_full(TABLE._replace(settings=lambda: make_short_settings(1)), place, tmp_path / "full")
