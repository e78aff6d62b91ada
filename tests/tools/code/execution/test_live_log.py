"""Tests that a running experiment's lines can be read while it runs, and by nobody once it has ended."""

from __future__ import annotations

from collections.abc import Callable

from memory.files.live_logs import FOLDER, LiveLog, read_live_logs
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Outcome, Sandbox, Spec
from tests.tools.world import World
from tools.code.execution.experiments import run_experiment
from tools.code.program import versions
from tools.code.task.code_task import CodeTask
from tools.code.task.data import prepare_data


class Watched:
    """The real sandbox. A line more comes before the program's own, and what a watcher reads then is kept."""

    name = "watched"

    def __init__(self, jail: Sandbox, world: World) -> None:
        self._jail, self._world = jail, world
        self.seen: list[LiveLog] = []

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        if on_line is not None:
            on_line("epoch 1 loss 0.5")
            outcome = self._jail.run(spec, on_line)  # the hook writes marked lines, which nobody is shown
            self.seen += read_live_logs(self._world.steps.ledger.path.parent, 50)
            return outcome
        return self._jail.run(spec)


def test_it_is_shown_while_it_runs_and_not_afterwards(task: CodeTask, world: World, jail: Sandbox) -> None:
    world.sandbox = watched = Watched(jail, world)
    data = prepare_data(task, world.project)["validation"]
    version = versions.record_baseline(task, world)
    experiment = run_experiment(task, version, 1, "validation", data, world)
    assert experiment.outcome is OutcomeKind.OK
    [log] = watched.seen
    assert dict(log.about) == {"hypothesis": None, "version": version.id, "seed": 1, "split": "validation"}
    assert "epoch 1 loss 0.5" in log.lines
    assert not any(" report '" in line for line in log.lines)
    assert read_live_logs(world.steps.ledger.path.parent, 50) == []


def test_one_that_cannot_be_written_ends_no_experiment_and_is_said(task: CodeTask, world: World, jail: Sandbox) -> None:
    world.sandbox = Watched(jail, world)
    (world.steps.ledger.path.parent / FOLDER).write_text("in the place of the folder")
    data = prepare_data(task, world.project)["validation"]
    experiment = run_experiment(task, versions.record_baseline(task, world), 1, "validation", data, world)
    assert experiment.outcome is OutcomeKind.OK
    assert len(world.said) == 1
