"""Tests a task that needs a card: held before CPU slots, passed to the sandbox, measured, and part of the step's
key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pelagos.nouns import OutcomeKind
from sandbox.gpu import gpus
from sandbox.protocol import Limits
from tests.sandbox.fake_smi import on_path
from tests.tools.code.conftest import TASK, make_task
from tests.tools.world import World
from tools.code.execution.execution import allocate_resources
from tools.code.task.code_task import load_task
from tools.code.toolchain import CodeToolchain


def test_cards_are_taken_before_processors_and_none_where_none_is_asked_for(world: World) -> None:
    order: list[str] = []

    class Watched:
        @contextmanager
        def cards(self, limits: Limits) -> Iterator[tuple[int, ...]]:
            order.append(f"{limits.gpus} cards")
            yield (3,)
            order.append("cards back")

        @contextmanager
        def slot(self, cpus: float = 1.0) -> Iterator[None]:
            order.append(f"{cpus:g} processors")
            yield
            order.append("processors back")

    with allocate_resources(Limits(gpus=1, cpus=2), Watched()) as cards:  # type: ignore[arg-type]
        assert cards == (3,)
    assert order == ["1 cards", "2 processors", "processors back", "cards back"]
    order.clear()
    with allocate_resources(Limits(), Watched()) as cards:  # type: ignore[arg-type]
        assert cards == ()
    assert order == ["1 processors", "processors back"]


def test_an_experiment_on_a_card(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(tmp_path, monkeypatch)
    monkeypatch.setattr(gpus, "device_nodes", lambda picked: [])
    make_task(tmp_path / "lines")
    program = tmp_path / "lines" / "fit.py"
    wants = 'assert __import__("os").environ["CUDA_VISIBLE_DEVICES"] == "GPU-0"\n\n\ndef main():'
    program.write_text(program.read_text().replace("def main():", wants))
    keys = []
    for limits in ("gpus: 1", "gpus: 1, gpu_memory_mb: 500"):
        (tmp_path / "lines" / "task.yaml").write_text(TASK.replace("limits: {", f"limits: {{{limits}, "))
        task, chain = load_task(tmp_path / "lines"), CodeToolchain()
        chain.prepare(task, world)
        experiment = chain.experiment(task, chain.baseline(task, world), 1, "validation", world)
        assert experiment.outcome is OutcomeKind.OK, experiment.cause
        keys.append(experiment.id)
    assert keys[0] != keys[1]
