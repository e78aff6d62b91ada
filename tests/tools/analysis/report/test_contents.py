"""The section of a real analysis, and the script that it exports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pelagos.nouns import Verdict, VerdictKind
from sandbox.protocol import Sandbox
from tests.tools.analysis.test_toolchain import Loop
from tools.analysis.packs.registry import load_packs
from tools.analysis.report.contents import compose_section, locate_parts
from tools.section import Flow, Picture, Section

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Iterator[Loop]:
    made = Loop(tmp_path_factory.mktemp("loop"), jail)
    yield made
    made.world.ledger.close()


def compose(loop: Loop) -> Section:
    return compose_section(loop.task, load_packs(loop.task.packs), loop.world)


def test_before_anything_was_done_the_section_is_short(loop: Loop) -> None:
    section = compose(loop)
    assert list(section.parts) == [] and list(section.files) == []
    assert dict(section.rows)["objectives explored"] == "0, 0 with an answer"
    assert (loop.world.project / locate_parts(loop.task) / "discovery.h5ad").is_file()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_exported_script_gets_the_numbers_of_the_run(loop: Loop, tmp_path: Path) -> None:
    hypothesis = loop.propose(0)
    experiment, _ = loop.test(loop.build(hypothesis))
    kind = VerdictKind.PROMISING
    loop.world.ledger.record(Verdict(id="v", hypothesis="h0", kind=kind, evidence=[experiment.id]), "v")
    section = compose(loop)
    blocks = [block for part in section.parts for block in part.blocks]
    assert any(isinstance(block, Flow) for block in blocks)
    pictures = [block for block in blocks if isinstance(block, Picture)]
    assert pictures and all(loop.world.artifacts.get(each.artifact).startswith(b"\x89PNG") for each in pictures)
    data = loop.world.project / locate_parts(loop.task)
    script, notebook = (file.content for file in section.files)
    (tmp_path / "analysis.py").write_text(script)
    (tmp_path / "cells.py").write_text(join_cells(notebook, data, loop.task.gene_sets))
    for command in (["analysis.py", str(data), str(loop.task.gene_sets)], ["cells.py"]):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=600, env=environment
        )
        assert done.returncode == 0, done.stdout + done.stderr[-2000:]
        assert "DIFFERENT" not in done.stdout and done.stdout.count("same: ") >= 4


def join_cells(notebook: str, data: Path, sets: Path | None) -> str:
    """The code of a notebook as one program, with the places filled in that a user fills in."""
    cells = [cell["source"] for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    joined = "\n".join(cells).replace('Path("FOLDER")', f"Path({str(data)!r})")
    return joined.replace('SETS = ""', f"SETS = {str(sets)!r}")
