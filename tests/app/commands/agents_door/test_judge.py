"""A changed program is judged as in any run, and leaves what any run leaves."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from agents.sealed.alpha_budget import MIN_LEVEL
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call
from pelagos.facts.ideas import Submission
from pelagos.nouns import Claim, Experiment
from tests.app.command import assert_bad_input, run_pelagos
from tests.app.commands.agents_door.conftest import ENVIRONMENT, IDEA, Judged
from tests.tools.code.conftest import PROGRAM, make_task

pytestmark = pytest.mark.slow


def test_a_worse_program_is_refuted_with_its_effect(judged: Judged) -> None:
    printed = judged.printed
    assert (printed["state"], printed["runs"], printed["fault"]) == ("finished", True, None)
    verdict = printed["hypothesis"]["verdict"]
    assert verdict["kind"] == "refuted"
    assert verdict["high"] < 0
    assert printed["hypothesis"]["target"] == "fit.py::predict"
    assert printed["hypothesis"]["claim"] is None


def test_the_ledger_says_all_and_no_model_nor_sealed_data_were_touched(judged: Judged) -> None:
    with closing(Ledger.read(Path(judged.printed["run"]) / "ledger.db")) as ledger:
        (submission,) = ledger.facts(Submission).values()
        splits = {experiment.split for experiment in ledger.facts(Experiment).values()}
        assert submission.title == "Halved predictions"
        assert splits == {"validation"}
        assert not ledger.facts(Call)
        assert not ledger.facts(Claim)
    assert (Path(judged.printed["run"]) / "report.html").is_file()


def test_faults_of_what_is_handed_in_are_named_and_nothing_is_written(judged: Judged, tmp_path: Path) -> None:
    project, runs = judged.project, sorted((judged.project / "runs").iterdir())
    (tmp_path / "other.py").write_text("x = 1\n")
    folder = tmp_path / "changed"
    folder.mkdir()
    (folder / "fit.py").write_text("def fit(:\n")
    same = project / "lines"

    def judge(*arguments: str) -> object:
        return run_pelagos("judge", "lines", "--program", *arguments, folder=project, **ENVIRONMENT)

    assert_bad_input(judge(str(tmp_path / "gone")), "no such file or folder")
    assert_bad_input(judge(str(tmp_path / "other.py")), "no file of that name that may be changed", "fit.py, helper.py")
    assert_bad_input(judge(str(folder)), "fit.py: isn't Python that parses")
    assert_bad_input(judge(str(same)), "is the task's own program")
    assert_bad_input(judge(str(project / "fit.py"), "--idea", " "), "idea: is empty")
    assert sorted((project / "runs").iterdir()) == runs


def test_the_same_program_is_not_judged_again(judged: Judged) -> None:
    done = run_pelagos("judge", "lines", "--program", "fit.py", "--idea", IDEA, folder=judged.project, **ENVIRONMENT)
    assert done.returncode == 0
    assert f"not judged again: repeats the dead end {Path(judged.printed['run']).name}/h1 (refuted" in done.stdout


def test_a_better_program_is_promising_and_supported_only_when_it_is_confirmed(tmp_path: Path) -> None:
    task = make_task(tmp_path / "lines")
    (task.folder / "fit.py").write_text(PROGRAM.replace("scale(x) @ weights", "scale(x) @ weights * 0.5"))
    (tmp_path / "fit.py").write_text(PROGRAM)

    def judge(*options: str) -> dict[str, dict[str, dict[str, object]]]:
        command = ("judge", "lines", "--program", "fit.py", "--idea", "Whole. Predict the whole.", "--json", *options)
        done = run_pelagos(*command, folder=tmp_path, **ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        printed: dict[str, dict[str, dict[str, object]]] = json.loads(done.stdout)
        return printed

    first = judge()
    with closing(Ledger.read(Path(str(first["run"])) / "ledger.db")) as ledger:
        splits = {experiment.split for experiment in ledger.facts(Experiment).values()}
    assert first["hypothesis"]["verdict"]["kind"] == "promising"
    assert "control" in splits  # it was audited
    assert not {split for split in splits if "sealed" in split}
    second = judge("--confirm")
    assert second["hypothesis"]["verdict"]["kind"] == "supported"
    assert second["hypothesis"]["claim"]["held"] is True
    level = second["hypothesis"]["claim"]["level"]
    assert isinstance(level, float)
    assert level > MIN_LEVEL
