"""A project in which one version was judged and refuted: a real task, the real sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.app.command import run_pelagos
from tests.tools.code.conftest import PROGRAM, make_task

IDEA = "Halved predictions. Multiply the predictions by one half in predict."
ENVIRONMENT = {"PELAGOS_MODELS__EMBEDDER": "hashing", "PELAGOS_LITERATURE__SOURCES": '["corpus"]'}


class Judged(NamedTuple):
    project: Path
    printed: dict[str, Any]


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    project = tmp_path_factory.mktemp("judged")
    make_task(project / "lines")
    (project / "fit.py").write_text(PROGRAM.replace("scale(x) @ weights", "scale(x) @ weights * 0.5"))
    done = run_pelagos("judge", "lines", "--program", "fit.py", "--idea", IDEA, "--json", folder=project, **ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return Judged(project, json.loads(done.stdout))
