"""The exported script is run as a user would, in a process of its own, on real files."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from tests.tools.analysis.planning.examples import list_tools, make_finding, make_row
from tests.tools.analysis.report.records import HOSTILE, make_explored, make_record, make_run, make_tested
from tests.tools.analysis.small_study import draw_study
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.execution.analysis import Row
from tools.analysis.packs.registry import load_packs
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.report.record import AnalysisRecord
from tools.analysis.report.script.export import NOTEBOOK, SCRIPT, export_analysis
from tools.analysis.trials.results import make_result
from tools.section import Attachment

ROOT = Path(__file__).parents[5]
TOOL = '''
def compare(data, group: str, case: str, control: str):
    """Compare two groups by Student's t.

    Relation: feature ~ group
    Produces: statistics
    Library: scipy
    """
    import pandas as pd
    from scipy.stats import ttest_ind

    values = data.to_df()
    one, other = (values[data.obs[group] == level] for level in (case, control))
    test = ttest_ind(one, other, nan_policy="omit")
    n = values.notna().sum()
    table = pd.DataFrame({"entity": values.columns, "effect": (one.mean() - other.mean()).to_numpy()})
    return table.assign(statistic=test.statistic, df=n.to_numpy() - 2, p=test.pvalue, n=n.to_numpy(), low=0.0, high=0.0)


def double(data):
    """Multiply all values by two.

    Produces: scaled
    """
    data.X = data.X * 2
    return data
'''
CALLS: list[dict[str, Any]] = [
    {"tool": "double", "arguments": {}},
    {"tool": "compare", "arguments": {"group": "arm", "case": "treated", "control": "plain"}},
]


def measure(values: np.ndarray, case: np.ndarray) -> Row:
    """The row of a feature, made without the tool."""
    test = ttest_ind(2 * values[case], 2 * values[~case], nan_policy="omit")
    effect = 2 * float(np.nanmean(values[case]) - np.nanmean(values[~case]))
    df = int(np.isfinite(values).sum()) - 2
    r = float(test.statistic / np.sqrt(test.statistic**2 + df))
    return Row(entity="P01", effect=effect, p=float(test.pvalue), r=r, n=df + 2)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A run's folder with the exported files, the task's own tools and the parts of the samples."""
    study = draw_study()
    parts = {"discovery": study[:70].copy(), "validation": study[70:].copy()}
    for name, data in parts.items():
        write_dataset(data, tmp_path / f"{name}.h5ad")
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "own.py").write_text(TOOL)
    record = record_study(parts)
    specs = load_packs([], [tmp_path / "task" / "own.py"])
    write_files(tmp_path, export_analysis(record, specs, tmp_path, "Task small"))
    return tmp_path


def record_study(parts: Mapping[str, Any]) -> AnalysisRecord:
    rows = {}
    for name, data in parts.items():
        rows[name] = measure(np.asarray(data[:, "P01"].X).ravel(), (data.obs["arm"] == "treated").to_numpy())
    finding = make_finding(rows["discovery"], calls=CALLS)
    implication = make_tested("a").results["validation"][0].implication
    implication = implication.model_copy(update={"preparation": CALLS[:1], "call": CALLS[1], "entity": "P01"})
    result = make_result(implication, rows["validation"], "", "t")
    explored = make_explored(calls=CALLS, findings=[finding])
    return make_record(explored=[explored], tested=[make_tested("a", results={"validation": [result]})])


def write_files(folder: Path, files: Sequence[Attachment]) -> None:
    for file in files:
        (folder / file.name).write_text(file.content)


def test_the_script_gets_the_recorded_numbers(exported: Path) -> None:
    command = [sys.executable, str(exported / SCRIPT), str(exported)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "2 of 2 rows are as recorded" in done.stdout
    assert done.stdout.count("same: P01") == 2


def test_the_notebook_is_of_the_format_and_its_cells_are_python(exported: Path) -> None:
    notebook = json.loads((exported / NOTEBOOK).read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for source in sources:
        ast.parse(source)
    assert any("draw_table(compare, data, table)" in source for source in sources)
    assert {cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"} >= {
        "## Discovery samples",
        "## Replication samples",
    }


def test_hostile_names_are_text_and_no_code() -> None:
    call = {"tool": "model", "arguments": {"group": HOSTILE, "case": HOSTILE, "control": "b", "covariates": [HOSTILE]}}
    finding = make_finding(make_row("P1"), calls=[call], title=HOSTILE).model_copy(
        update={"row": Row(entity=HOSTILE, effect=1.0)}
    )
    explored = make_explored(calls=[call], findings=[finding])
    explored = explored.model_copy(update={"objective": explored.objective.model_copy(update={"question": HOSTILE})})
    record = make_record(explored=[explored], tested=[], runs=[make_run(provenance=[f"a.b() [{HOSTILE}]"])])
    script, notebook = export_analysis(record, list_tools(), Path("/run"), HOSTILE)
    calls = [node for node in ast.walk(ast.parse(script.content)) if isinstance(node, ast.Call)]
    assert [name for name in map(name_of, calls) if name in ("model", "run_test")] == ["run_test"]
    assert not any(alias.name == "os" for node in ast.walk(ast.parse(script.content)) for alias in names_of(node))
    cells = json.loads(notebook.content)["cells"]
    assert all("alert" not in cell["source"] for cell in cells if cell["cell_type"] == "markdown")


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def names_of(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


@pytest.mark.parametrize("arguments", [{"group": {"a": 1}}, {"gone": "x"}])
def test_a_call_that_cannot_be_written_is_named_and_left_out(arguments: dict[str, Any]) -> None:
    explored = make_explored(calls=[{"tool": "model", "arguments": arguments}])
    script = export_analysis(make_record(explored=[explored], tested=[]), list_tools(), Path("/run"), "t")[0]
    assert "# left out: " in script.content
    assert "run_test(model" not in script.content


def test_a_tool_that_is_gone_is_named_and_left_out() -> None:
    script = export_analysis(make_record(tested=[]), {}, Path("/run"), "t")[0].content
    assert "# left out: 'model'" in script
    assert "# no tools were called" in script


def test_a_tool_named_like_a_helper_is_imported_under_another_name() -> None:
    spec: ToolSpec = list_tools()["model"]
    taken = ToolSpec(**{**vars(spec), "name": "compare_row"})
    explored = make_explored(calls=[{**make_finding().calls[0], "tool": "compare_row"}])
    record = make_record(explored=[explored], tested=[])
    script = export_analysis(record, {"compare_row": taken}, Path("/run"), "t")[0].content
    assert "from x import model as compare_row_tool" in script
    assert "run_test(compare_row_tool" in script.replace("\n    ", "")


def test_without_tests_nothing_is_exported() -> None:
    assert export_analysis(make_record(explored=[], tested=[]), {}, Path("/run"), "t") == []
