"""A program that was handed in: what is taken, what is refused, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tests.tools.code.conftest import HELPER, PROGRAM, make_hypothesis, make_plan
from tests.tools.world import World
from tools.code.coding.submission import MAX_BYTES, read_submission
from tools.code.task.code_task import CodeTask
from tools.code.toolchain import CodeToolchain

CHANGED = PROGRAM.replace("scale(x) @ weights", "scale(x) @ weights * 0.5")


def hand_in(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        place = folder / f"{name.replace('__', '/')}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def test_one_changed_file_is_taken_with_the_rest_of_the_program(task: CodeTask, tmp_path: Path) -> None:
    given = read_submission(task, hand_in(tmp_path / "new", fit=CHANGED) / "fit.py")
    assert given.content["files"]["fit.py"] == CHANGED
    assert given.content["files"]["helper.py"] == HELPER
    assert given.target == "fit.py::predict"
    assert len(given.name) == 12
    assert given.name.isalpha()
    whole = read_submission(task, hand_in(tmp_path / "new", fit=CHANGED, helper=HELPER))
    assert whole == given
    other = read_submission(task, hand_in(tmp_path / "other", helper=HELPER.replace("2.0", "3.0")))
    assert other.name != given.name
    assert other.target == "helper.py::scale"


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"fit": PROGRAM}, "is the task's own program"),
        ({"fit": PROGRAM.replace("Fit a line.", "Fits a line.")}, "is the task's own program"),
        ({"fit": "def fit(:\n"}, "fit.py: isn't Python that parses"),
        ({"fit": CHANGED, "fixed": "LIMIT = 4\n"}, "fixed.py: must not be changed: only fit.py, helper.py may be"),
        ({"fit": CHANGED, "extra": "x = 1\n"}, "extra.py: isn't a file of the task's program"),
        ({"fit": CHANGED, "deep__extra": "x = 1\n"}, "deep/extra.py: isn't a file"),
        ({"fit": CHANGED + "#" * MAX_BYTES}, "fit.py: is larger than 1 MB"),
        ({}, "is the task's own program"),
    ],
)
def test_what_is_no_change_of_the_task_is_refused(
    task: CodeTask, tmp_path: Path, files: dict[str, str], fault: str
) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(BadInput) as caught:
        read_submission(task, hand_in(tmp_path / "new", **files))
    assert fault in str(caught.value)


def test_a_folder_below_a_hidden_one_is_read_as_others_are(task: CodeTask, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"extra.py: isn't a file of the task's program"):
        read_submission(task, hand_in(tmp_path / ".cache" / "new", fit=CHANGED, extra="x = 1\n"))
    folder = hand_in(tmp_path / "new", fit=CHANGED, **{".venv__extra": "x = 1\n"})
    assert read_submission(task, folder).content["files"]["fit.py"] == CHANGED


def test_links_and_bytes_are_refused(task: CodeTask, tmp_path: Path) -> None:
    folder = hand_in(tmp_path / "new", real=CHANGED)
    (folder / "fit.py").symlink_to(folder / "real.py")
    (folder / "real.py").rename(folder / "real.txt")
    (folder / "fit.py").unlink()
    (folder / "fit.py").symlink_to(folder / "real.txt")
    with pytest.raises(BadInput, match=r"fit.py: is a symbolic link"):
        read_submission(task, folder)
    (folder / "fit.py").unlink()
    (folder / "fit.py").write_bytes(b"x = '\xff\xfe\x00'\n")
    with pytest.raises(BadInput, match=r"fit.py: not text"):
        read_submission(task, folder)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (CHANGED, ""),
        (PROGRAM.replace("SLOPE = 2.0", "SLOPE = 1 / 0"), "error"),
        (f"{PROGRAM}\nUNUSED = 1\n", "no_effect"),
    ],
)
def test_it_becomes_a_version_only_if_it_runs_and_does_something(
    shared: tuple[CodeTask, World], tmp_path: Path, text: str, cause: str
) -> None:
    task, world = shared
    toolchain, name = CodeToolchain(), f"h-{cause or 'good'}"
    given = toolchain.accept(task, hand_in(tmp_path / "new", fit=text))
    content = world.artifacts.put_json(given.content)
    hypothesis = make_hypothesis(given.target).model_copy(update={"id": name})
    plan = make_plan().model_copy(update={"id": f"{name}-p1", "hypothesis": name})
    build = toolchain.adopt(task, hypothesis, plan, content, world)
    assert build.cause == cause
    assert (build.version is None) == bool(cause)
    assert [attempt.cause for attempt in build.tries] == [cause or "ok"]
    assert not world.role_model.asked
