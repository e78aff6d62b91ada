"""Runs the whole loop on a task with a scripted model: real graph, nodes, ledger, budget, bank and sandbox."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.launch import drive
from agents.setup.assembly import Assembly
from agents.setup.create import create
from agents.testing.scripted_model import ScriptedModel
from memory.steps.steps import Steps
from pelagos.facts.drive import Ending
from pelagos.settings import Settings

if TYPE_CHECKING:
    from memory.embedders.embedder import Embedder

QUICK: Mapping[str, Mapping[str, Any]] = {
    "loop": {"hypotheses": 1, "attempts": 2, "workers": 1},
    "judge": {"min_seeds": 3, "max_seeds": 3},
    "survey": {"fill": False},
    "literature": {"sources": ["corpus"]},
    "models": {"default": "replay:scripted", "retries": 0},
}


class ScriptedAssembly(Assembly):
    """The shipped parts except for the model and the embedder, which compares texts by their spelling."""

    def __init__(self, model: ScriptedModel) -> None:
        self.scripted = model

    def check_model(self, spec: str, settings: Settings) -> None: ...

    def model(self, spec: str, settings: Settings, say: Callable[[str], None]) -> ScriptedModel:
        return self.scripted

    def check_embedder(self, settings: Settings, project: Path) -> None: ...

    def embedder(self, settings: Settings, project: Path, steps: Steps) -> Embedder:
        from memory.embedders.embedder import hashing

        with warnings.catch_warnings(action="ignore"):  # it says that it compares spelling only
            return hashing()


def run_loop(
    task: Path | str, project: Path, model: ScriptedModel, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Ending, Path]:
    """Run one hypothesis, or what `settings` (section -> name -> value) say, on a task folder or a shipped task. Return
    how it ended and the run's folder. Raises BadInput and MissingPart."""
    given = settings or {}
    sections: dict[str, Any] = {name: {**QUICK.get(name, {}), **given.get(name, {})} for name in {*QUICK, *given}}
    assembly = ScriptedAssembly(model)
    folder = create(project, str(task), Settings(**sections), project / "runs" / "scripted", assembly)
    return drive(folder, assembly=assembly), folder
