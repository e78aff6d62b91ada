"""Tests that any hostile output of a program ends in an outcome, including outputs that broke earlier versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pelagos.facts.fact import Cost
from pelagos.nouns import OutcomeKind
from sandbox.border.report import MOST_BYTES, Report
from sandbox.protocol import Outcome, Spec
from tests.sandbox.border.test_arrays import shaped, written
from tests.sandbox.border.test_report import WRONG, changed
from tests.tools.code.conftest import ScriptedRoleModel
from tests.tools.world import World
from tools.code.audit.access import collect_access_findings
from tools.code.audit.seed_invariance import _is_constant
from tools.code.execution import smoke
from tools.code.execution.execution import PREDICTIONS, REPORT, Execution, execute
from tools.code.execution.experiments import run_experiment
from tools.code.program import versions
from tools.code.task.code_task import CodeTask
from tools.code.task.data import prepare_data

HONEST = written([0.5] * 30)


class Planted:
    """A sandbox in which every program has the same outcome; nothing is executed."""

    name = "planted"

    def __init__(self, files: dict[str, bytes], kind: OutcomeKind = OutcomeKind.OK, **fields: Any) -> None:
        self.made = Outcome(kind, files=files, **fields)

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        return self.made


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Callable[..., World]]:
    world = World(tmp_path, Planted({}), ScriptedRoleModel(lambda messages, sample: ""))

    def plant(files: dict[str, bytes], **fields: Any) -> World:
        world.sandbox = Planted(files, **fields)
        return world

    yield plant
    world.ledger.close()


def execute_baseline(task: CodeTask, world: World) -> Execution:
    data = prepare_data(task, world.project)["validation"]
    return execute(task, versions.load_original(task), data, 1, world.sandbox, limits=task.limits, watch=True)


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
    experiment = run_experiment(task, versions.record_baseline(task, world), 1, "validation", data, world)
    assert (experiment.outcome, experiment.cause.partition(":")[0]) == (OutcomeKind.INVALID, "bad_predictions")
    assert _is_constant(raw) is False


@pytest.mark.parametrize(("path", "to"), WRONG[::4])
def test_a_report_that_is_none_is_an_invalid_experiment(
    path: tuple[Any, ...], to: Any, task: CodeTask, plant: Callable[..., World]
) -> None:
    world = plant({PREDICTIONS: HONEST, REPORT: changed(*path, to=to)})
    data = prepare_data(task, world.project)["validation"]
    experiment = run_experiment(task, versions.record_baseline(task, world), 1, "validation", data, world)
    assert (experiment.outcome, experiment.cause.partition(":")[0]) == (OutcomeKind.INVALID, "bad_report")
    assert experiment.score is None


@pytest.mark.parametrize("raw", [b"[" * MOST_BYTES, b'{"trace": NaN}', b"\xff", b"3"])
@pytest.mark.parametrize("kind", [OutcomeKind.ERROR, OutcomeKind.TIMEOUT, OutcomeKind.OOM, OutcomeKind.KILLED])
def test_a_program_that_fails_is_told_by_its_log_then(
    raw: bytes, kind: OutcomeKind, task: CodeTask, plant: Callable[..., World]
) -> None:
    execution = execute_baseline(task, plant({REPORT: raw}, kind=kind, log="last words"))
    assert (execution.outcome.kind, execution.report) == (kind, Report())
    assert "last words" in execution.cause.line


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
    execution = execute_baseline(task, plant(files, kind=OutcomeKind.INVALID, refused={name: why}))
    assert execution.outcome.kind is OutcomeKind.INVALID
    assert execution.cause.kind == ("bad_report" if name == REPORT else "no_predictions")
    assert execution.cause.text


def test_names_that_no_file_can_hold_are_readable(task: CodeTask, plant: Callable[..., World]) -> None:
    left = json.dumps({"written": ["caf\udce9.npy", "\x1b[2Jx"]}).encode()
    execution = execute_baseline(
        task, plant({REPORT: left}, kind=OutcomeKind.INVALID, refused={PREDICTIONS: "missing"})
    )
    assert execution.cause.detail == "instead there is: caf\ufffd.npy, x"


def test_an_experiment_that_ended_an_earlier_version_is_recorded_now(
    task: CodeTask, plant: Callable[..., World]
) -> None:
    world = plant({PREDICTIONS: ARRAYS["zero times huge"], REPORT: changed("error", "frames", to=5)})
    base, data = versions.record_baseline(task, world), prepare_data(task, world.project)["validation"]
    world.ledger.intend("experiment", "k", {"version": base.id, "seed": 1, "split": "validation"})
    world.ledger.append("run.stopped", "1", {"status": "crashed", "reason": "ValueError: array is too big"})
    assert run_experiment(task, base, 1, "validation", data, world).outcome is OutcomeKind.INVALID
    assert run_experiment(task, base, 1, "validation", data, world).outcome is OutcomeKind.INVALID
    assert len(world.ledger.events("experiment")) == 1


@pytest.mark.parametrize("stored", [changed(*path, to=to) for path, to in WRONG[::4]] + [b"[1]", b'{"a": NaN}'])
def test_a_smoke_run_whose_report_an_earlier_version_kept_is_read(
    stored: bytes, task: CodeTask, plant: Callable[..., World]
) -> None:
    """A report that an earlier version stored and could not read is now read."""
    world = plant({})
    data, program = prepare_data(task, world.project)["smoke"], versions.load_original(task)
    artifacts = {"report": world.artifacts.put(stored), "log": world.artifacts.put(b"caf\xe9 \xed\xa0\x80")}
    payload = {"cause": "error", "detail": "", "predictions": ""} | artifacts

    def once(kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: object) -> dict[str, Any]:
        return world.ledger.append(kind, key, payload).payload

    world.steps.once = once  # type: ignore[method-assign, assignment]
    baseline_profile = smoke.profile_baseline(task, program, data, world)
    assert all(address.startswith("fit.py::") for address in baseline_profile.functions)
    trial = smoke.run_smoke(task, program, data, world)
    assert trial.error is None or trial.error.line
    trial.log.encode()


def test_signs_of_an_earlier_version_are_read_or_none(task: CodeTask, plant: Callable[..., World]) -> None:
    world = plant({PREDICTIONS: HONEST, REPORT: b"{}"})
    data, base = prepare_data(task, world.project)["validation"], versions.record_baseline(task, world)
    experiment = run_experiment(task, base, 1, "validation", data, world)
    artifact = world.artifacts.put(b'["opened /etc/\\ud800", "opened /etc/\\u001b[2J"]')
    old = experiment.model_copy(update={"files": {"signs": artifact}})
    assert collect_access_findings([old], [], world) == [
        "while it ran it opened /etc/",
        "while it ran it opened /etc/\ufffd",
    ]
    for stored in (b"3", b"[3]", b"[" * 5000, b'{"a": 1}'):
        old = experiment.model_copy(update={"files": {"signs": world.artifacts.put(stored)}})
        assert collect_access_findings([old], [], world) == []
