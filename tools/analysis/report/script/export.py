"""Exports the analysis: `analysis.py`, a script in cells, and `analysis.ipynb`, the same as a notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.analysis.packs.spec import ToolSpec
from tools.analysis.report.record import AnalysisRecord
from tools.analysis.report.script.cells import Cell, write_cells
from tools.analysis.report.script.jobs import collect_jobs
from tools.analysis.report.script.literals import write_comment
from tools.section import Attachment

SCRIPT, NOTEBOOK = "analysis.py", "analysis.ipynb"
IMPORTS = """from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
"""
USE = """# Every test of the analysis again, each row beside the numbers that were recorded.
#
#   python analysis.py DATA [SETS]
#
# DATA: the folder with discovery.h5ad, validation.h5ad and sealed.h5ad that the run made of the samples; or one .h5ad
# file, in which every test is made on all samples. SETS: the task's GMT file, where tests of sets were made.
# The tools are plain functions of Pelagos' packs. The null controls on permuted labels are not repeated here."""
SCRIPT_HEAD = """if len(sys.argv) < 2:
    sys.exit("usage: python analysis.py DATA [SETS]")
HERE, DATA = Path(__file__).parent, Path(sys.argv[1])
SETS = sys.argv[2] if len(sys.argv) > 2 else ""
"""
NOTEBOOK_HEAD = """HERE = Path(".")
DATA = Path("FOLDER")  # the folder with discovery.h5ad, validation.h5ad and sealed.h5ad
SETS = ""  # the task's GMT file, where tests of sets were made
"""


def export_analysis(
    record: AnalysisRecord, specs: Mapping[str, ToolSpec], run_folder: Path, title: str
) -> list[Attachment]:
    """Return the two files; none where nothing was run. `title` names task and run."""
    jobs = collect_jobs(record)
    if not jobs:
        return []
    cells = write_cells(jobs, specs, run_folder)
    versions = list_versions(record)
    head = "\n".join([write_comment(title), USE, *([write_comment(f"Libraries then: {versions}")] if versions else [])])
    note = f"{len(jobs)} tests, which anyone can run again: python analysis.py DATA [SETS]; its head says where DATA is"
    return [
        Attachment(SCRIPT, write_script(head, cells), note),
        Attachment(NOTEBOOK, write_notebook(head, cells), "the same as a notebook, with tables and figures"),
    ]


def write_script(head: str, cells: Sequence[Cell]) -> str:
    """Return Python source whose cells are marked by `# %%`, as editors know them."""
    parts = [f"{head}\n{IMPORTS}\n{SCRIPT_HEAD}"]
    parts += [f"# %% {cell.title}".rstrip() + f"\n{cell.source}\n" for cell in cells]
    return "\n".join([*parts, "# %%\nsys.exit(count_same())\n"])


def write_notebook(head: str, cells: Sequence[Cell]) -> str:
    """Return a notebook of the format 4.5."""
    made: list[dict[str, Any]] = [_code(f"{head}\n{IMPORTS}\n{NOTEBOOK_HEAD}")]
    for cell in cells:
        made += [_text(f"## {cell.title}")] if cell.title else []
        made.append(_code("\n".join(filter(None, [cell.source, cell.shown]))))
    made.append(_code("count_same()"))
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(made, 1)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def list_versions(record: AnalysisRecord) -> str:
    """Return the libraries with their versions, as the lines of provenance name them."""
    found = {
        name.strip()
        for run in record.runs
        for line in run.provenance
        if line.endswith("]") and "[" in line
        for name in line.rpartition("[")[2].removesuffix("]").split(",")
        if name.strip() != "no library named"
    }
    return ", ".join(sorted(found))


def _code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source.strip("\n")}


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}
