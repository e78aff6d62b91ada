"""What a program leaves behind on purpose ends in an outcome, whatever it is; what it did to earlier versions as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from memory.budget import Cost
from pelagos.nouns import OutcomeKind
from sandbox.border.report import MOST_BYTES, Report
from sandbox.protocol import Outcome, Spec
from tests.sandbox.border.test_arrays import shaped, written
from tests.sandbox.border.test_report import WRONG, changed
from tests.tools.code.conftest import ScriptedMind, World
from tools.code import smoke, versions
from tools.code.audit.sameness import _constant
from tools.code.audit.signs import signs
from tools.code.checks import Check, _results
from tools.code.data import prepare_data
from tools.code.execution import PREDICTIONS, REPORT, Execution, execute
from tools.code.experiments import experiment
from tools.code.task import CodeTask

HONEST = written([0.5] * 30)


class Planted:
    """A sandbox in which every program ends in the same way; what is scored there is scored by nobody."""

    name = "planted"

    def __init__(self, files: dict[str, bytes], kind: OutcomeKind = OutcomeKind.OK, **told: Any) -> None:
        self.made = Outcome(kind, files=files, **told)

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        return self.made


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made = World(tmp_path, Planted({}), ScriptedMind(lambda messages, sample: ""))

    def plant(files: dict[str, bytes], **told: Any) -> World:
        made.sandbox = Planted(files, **told)
        return made

    yield plant
    made.ledger.close()


def executed(task: CodeTask, world: World) -> Execution:
    data = prepare_data(task, world.project)["validation"]
    return execute(task, versions.untouched(task), data, 1, world.sandbox, limits=task.limits, watch=True)


ARRAYS = {
    "zero times huge": shaped("(0, 9223372036854775807)"),
    "booleans as sizes": shaped("(True, True)", body=bytes(8)),
    "65 dimensions": shaped(f"({'1, ' * 65})", body=bytes(8)),
    "64 dimensions of nothing": shaped(f"({'0, ' * 64})"),
    "an integer without an end": shaped(f"({'9' * 5000},)"),
}


@pytest.mark.parametrize("raw", ARRAYS.values(), ids=ARRAYS)
def test_predictions_that_are_none_are_an_invalid_experiment(
    raw: bytes, task: CodeTask, plant: Callable[..., World]
) -> None:
    world = plant({PREDICTIONS: raw, REPORT: b"{}"})
    data = prepare_data(task, world.project)["validation"]
    done = experiment(task, versions.baseline(task, world), 1, "validation", data, world)
    assert (done.outcome, done.cause.partition(":")[0]) == (OutcomeKind.INVALID, "bad_predictions")
    assert _constant(raw) is False


@pytest.mark.parametrize(("path", "to"), WRONG[::4])
def test_a_report_that_is_none_is_an_invalid_experiment(
    path: tuple[Any, ...], to: Any, task: CodeTask, plant: Callable[..., World]
) -> None:
    world = plant({PREDICTIONS: HONEST, REPORT: changed(*path, to=to)})
    data = prepare_data(task, world.project)["validation"]
    done = experiment(task, versions.baseline(task, world), 1, "validation", data, world)
    assert (done.outcome, done.cause.partition(":")[0]) == (OutcomeKind.INVALID, "bad_report")
    assert done.score is None


@pytest.mark.parametrize("raw", [b"[" * MOST_BYTES, b'{"trace": NaN}', b"\xff", b"3"])
@pytest.mark.parametrize("kind", [OutcomeKind.ERROR, OutcomeKind.TIMEOUT, OutcomeKind.OOM, OutcomeKind.KILLED])
def test_a_program_that_fails_is_told_by_its_log_then(
    raw: bytes, kind: OutcomeKind, task: CodeTask, plant: Callable[..., World]
) -> None:
    done = executed(task, plant({REPORT: raw}, kind=kind, log="last words"))
    assert (done.outcome.kind, done.report) == (kind, Report())
    assert "last words" in done.cause.line


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (PREDICTIONS, "missing"),
        *(
            (name, f"refused: a {what}")
            for name in (PREDICTIONS, REPORT)
            for what in ("pipe (FIFO), no file", "folder")
        ),
    ],
)
def test_a_file_that_does_not_come_home_is_an_invalid_experiment(
    why: str, name: str, task: CodeTask, plant: Callable[..., World]
) -> None:
    files = {PREDICTIONS: HONEST, REPORT: b"{}"}
    del files[name]
    done = executed(task, plant(files, kind=OutcomeKind.INVALID, refused={name: why}))
    assert done.outcome.kind is OutcomeKind.INVALID
    assert done.cause.kind == ("bad_report" if name == REPORT else "no_predictions")
    assert done.cause.text


def test_names_that_no_file_can_hold_are_readable(task: CodeTask, plant: Callable[..., World]) -> None:
    left = json.dumps({"written": ["caf\udce9.npy", "\x1b[2Jx"]}).encode()
    done = executed(task, plant({REPORT: left}, kind=OutcomeKind.INVALID, refused={PREDICTIONS: "missing"}))
    assert done.cause.detail == "instead there is: caf\ufffd.npy, x"


def test_an_experiment_that_ended_an_earlier_version_is_recorded_now(
    task: CodeTask, plant: Callable[..., World]
) -> None:
    world = plant({PREDICTIONS: ARRAYS["zero times huge"], REPORT: changed("error", "frames", to=5)})
    base, data = versions.baseline(task, world), prepare_data(task, world.project)["validation"]
    world.ledger.intend("experiment", "k", {"version": base.id, "seed": 1, "split": "validation"})
    world.ledger.append("run.stopped", "1", {"status": "crashed", "reason": "ValueError: array is too big"})
    assert experiment(task, base, 1, "validation", data, world).outcome is OutcomeKind.INVALID
    assert experiment(task, base, 1, "validation", data, world).outcome is OutcomeKind.INVALID
    assert len(world.ledger.events("experiment")) == 1


@pytest.mark.parametrize("kept", [changed(*path, to=to) for path, to in WRONG[::4]] + [b"[1]", b'{"a": NaN}'])
def test_a_smoke_run_whose_report_an_earlier_version_kept_is_read(
    kept: bytes, task: CodeTask, plant: Callable[..., World]
) -> None:
    """What died while it read its own record dies no more."""
    world = plant({})
    data, program = prepare_data(task, world.project)["smoke"], versions.untouched(task)
    artifacts = {"report": world.artifacts.put(kept), "log": world.artifacts.put(b"caf\xe9 \xed\xa0\x80")}
    payload = {"cause": "error", "detail": "", "predictions": ""} | artifacts

    def once(kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: object) -> dict[str, Any]:
        return world.ledger.append(kind, key, payload).payload

    world.steps.once = once  # type: ignore[method-assign, assignment]
    known = smoke.know(task, program, data, world)
    assert known.lines.keys() <= {"fit.py"}
    trial = smoke.smoke(task, program, data, world)
    assert trial.error is None or trial.error.line
    trial.log.encode()


def test_signs_of_an_earlier_version_are_read_or_none(task: CodeTask, plant: Callable[..., World]) -> None:
    world = plant({PREDICTIONS: HONEST, REPORT: b"{}"})
    data, base = prepare_data(task, world.project)["validation"], versions.baseline(task, world)
    done = experiment(task, base, 1, "validation", data, world)
    told = world.artifacts.put(b'["opened /etc/\\ud800", "opened /etc/\\u001b[2J"]')
    old = done.model_copy(update={"files": {"signs": told}})
    assert signs([old], [], world) == ["while it ran it opened /etc/", "while it ran it opened /etc/\ufffd"]
    for kept in (b"3", b"[3]", b"[" * 5000, b'{"a": 1}'):
        old = done.model_copy(update={"files": {"signs": world.artifacts.put(kept)}})
        assert signs([old], [], world) == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"5", b"[1]", b"[" * 5000, b"null", b'[{"holds": 1, "before": false, "error": ""}]', b"\xff",
     b'[{"holds": true, "before": false}]', b'[{"holds": NaN, "before": false, "error": ""}]', b"[]"],
)  # fmt: skip
def test_results_of_checks_that_are_none_make_no_check_valid(raw: bytes) -> None:
    (found,) = _results([Check("a step", "changed(new)", "changed(new)")], raw)
    assert not found.valid and not found.holds and found.error
