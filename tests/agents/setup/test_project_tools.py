"""Tools that the project's settings name: in every run, whatever its task; pinned in the run; refused before it exists."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.rerun import read_section
from agents.run import Run
from agents.setup import run_folder
from agents.setup.assembly import assemble
from agents.setup.create import create
from agents.setup.project_tools import describe_tools
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.nouns import OutcomeKind, Version
from pelagos.settings import Settings
from pelagos.settings_sources import load
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.agents.scripted import ScriptedAssembly
from tests.toolchains.table import write_task
from tests.tools.analysis.small_study import write_study
from tests.tools.code.conftest import PROGRAM, TASK, make_task
from tests.tools.code.execution.test_pack_trial import RIDGE, USE
from tools import registry
from tools.analysis.findings import Call
from tools.analysis.planning.records import CallsRun
from tools.code.program.versions import load_original

STARS = Path("tests/tools/analysis/contract/astronomy.py").read_text().replace(": raw", ": log2")
IMPORT = "from helper import scale\nfrom pelagos_tools.mytools.ridge import solve_ridge"


class Sandboxed(ScriptedAssembly):
    def sandbox(self, settings: Any) -> Sandbox:
        return choose("auto")


def make_project(folder: Path) -> Path:
    (folder / "mytools").mkdir(parents=True)
    (folder / "mytools" / "ridge.py").write_text(RIDGE)
    (folder / "mytools" / "stars.py").write_text(STARS)
    (folder / "pelagos.toml").write_text('tools = ["./mytools"]\n[models]\ndefault = "replay:none"\n')
    return folder


def create_run(project: Path, task: Path, **settings: Any) -> Path:
    return create(project, str(task), load(project, **settings), project / "runs" / "r", ScriptedAssembly())


@contextmanager
def open_run(run: Path) -> Iterator[Run]:
    with (
        closing(Ledger.open(run / run_folder.LEDGER)) as ledger,
        assemble(run, run_folder.read(run), ledger, threading.Event(), Sandboxed()) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def code_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_project(tmp_path_factory.mktemp("project") / "own")
    make_task(project / "lines")
    return create_run(project, project / "lines")


def test_a_run_copies_them_and_its_record_says_which_while_the_task_is_what_it_was(code_run: Path) -> None:
    description, project = run_folder.read(code_run), code_run.parents[1]
    assert (code_run / "tools" / "mytools" / "ridge.py").read_text() == RIDGE
    assert list(description.tools) == ["mytools"]
    assert description.digest == registry.task(project / "lines")[0].digest
    with open_run(code_run) as run:
        said = describe_tools(run.toolchain, description)
    assert said == f"tools of the project: mytools (SHA-256 {description.tools['mytools'][:12]})"


def test_a_program_imports_a_function_of_them_in_the_sandbox(code_run: Path) -> None:
    with open_run(code_run) as run:
        task: Any = run.task
        run.toolchain.prepare(task, run)
        assert "from pelagos_tools.mytools.ridge import solve_ridge" in run.toolchain.brief(task, run).overview
        original = load_original(task)
        text = PROGRAM.replace(*USE).replace("from helper import scale", IMPORT)
        program = replace(original, files={**original.files, "fit.py": text})
        version = Version(id="v1", hypothesis="h1", plan="p1", content=program.store(run.artifacts))
        done = run.toolchain.experiment(task, version, 1, "validation", run)
        assert (done.outcome, done.cause) == (OutcomeKind.OK, "")
        extensible: Any = run.toolchain
        assert extensible.uses(task, version.content, run) == ["mytools"]
        assert extensible.uses(task, run.toolchain.baseline(task, run).content, run) == []
    assert any("mytools" in name for name, _ in read_section(code_run).rows)


def test_what_the_project_changes_later_is_not_the_runs_and_a_changed_copy_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path / "own")
    run = create_run(project, make_task(project / "lines").folder)
    (project / "mytools" / "ridge.py").write_text("")
    with open_run(run) as made:
        task: Any = made.task
        assert any(one.name == "solve_ridge" for one in task.packs.functions)
    (run / "tools" / "mytools" / "ridge.py").write_text(RIDGE.replace("1.0", "2.0"))
    with pytest.raises(BadInput, match="tools/mytools: was changed since the run began"), open_run(run):
        pass


@pytest.fixture
def analysis_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = make_project(tmp_path / "own")
    return create_run(project, write_study(project / "study"))


def test_an_analysis_is_offered_them_while_its_task_is_what_it_was(analysis_run: Path) -> None:
    task, chain = registry.task(analysis_run.parents[1] / "study")
    assert run_folder.read(analysis_run).digest == task.digest
    with open_run(analysis_run) as run:
        offered = {tool.name for tool in run.toolchain.tools(run.task)}
    assert offered - {tool.name for tool in chain.tools(task)} == {"colour_difference", "to_magnitudes"}


@pytest.mark.slow
def test_calls_of_them_run_in_the_sandbox_and_are_known_by_their_source(analysis_run: Path) -> None:
    calls: list[Call] = [
        {"tool": "to_magnitudes", "arguments": {}},
        {"tool": "colour_difference", "arguments": {"group": "arm", "case": "treated", "control": "plain"}},
    ]
    with open_run(analysis_run) as run:
        toolchain: Any = run.toolchain
        study = toolchain._study(run.task, run)
        done = study.run(calls)
        assert done.ok and len(study.table(done)) > 0, done.cause
        assert [line.partition("(")[0] for line in done.provenance] == [
            "mytools.to_magnitudes", "mytools.colour_difference",
        ]  # fmt: skip
        study.run(calls)
        assert len(run.ledger.facts(CallsRun)) == 1
        (analysis_run / "tools" / "mytools" / "stars.py").write_text(STARS + "# another state of it\n")
        study.run(calls)
        assert len(run.ledger.facts(CallsRun)) == 2


@pytest.mark.parametrize(
    ("named", "task_lines", "line"),
    [
        ("none", "", r"tools: 'none': .*none: no such file or folder of tools"),
        ("mytools", "tools: [./mytools]", r"tools: 'mytools': task lines has a pack 'mytools' of its own; rename one"),
    ],
)
def test_a_bad_one_is_one_line_and_nothing_is_written(tmp_path: Path, named: str, task_lines: str, line: str) -> None:
    project = make_project(tmp_path / "own")
    make_task(project / "lines")
    (project / "lines" / "mytools.py").write_text(RIDGE)
    (project / "lines" / "task.yaml").write_text(f"{TASK}{task_lines.replace('./mytools', 'mytools.py')}\n")
    with pytest.raises(BadInput, match=line) as told:
        create_run(project, project / "lines", tools=[named])
    assert (len(told.value.faults), told.value.exit_code) == (1, 2)
    assert not (project / "runs").exists()


def test_a_tool_with_the_name_of_one_of_the_tasks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = make_project(tmp_path / "own")
    source = STARS.replace("def colour_difference", "def differential_abundance")
    (project / "mytools" / "stars.py").write_text(source)
    with pytest.raises(
        BadInput, match=r"'mytools': its tool 'differential_abundance' is one of task .* as well; rename"
    ):
        create_run(project, write_study(project / "study"))


def test_a_toolchain_that_takes_none_says_so(tmp_path: Path) -> None:
    project = make_project(tmp_path / "own")
    run = create_run(project, write_task(project / "table"))
    description = run_folder.read(run)
    assert json.loads((run / "run.json").read_text())["settings"]["tools"] == ["mytools"]
    chain = registry.toolchain("table")
    assert describe_tools(chain, description) == "tools of the project are left out: the toolchain table takes none"
    assert Settings().tools == []
