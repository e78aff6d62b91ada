"""The page of an analysis whose names, captions and arguments are hostile, made of a real ledger."""

from __future__ import annotations

import ast
import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from agents.rerun import RerunContext
from app.report.build import write_report
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.nouns import Experiment, OutcomeKind, Verdict, VerdictKind
from pelagos.settings import Caps, Sandboxing
from tests.app.report.sections.test_contents import list_attributes
from tests.app.report.sections.test_pictures import PIXEL
from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, list_tools, make_finding, make_row, make_view
from tests.tools.analysis.report.records import HOSTILE, make_explored, make_hypothesis, make_run, make_test
from tools.analysis.planning.records import Dropped, Proposed, Revision
from tools.analysis.report.contents import compose_section
from tools.analysis.task.analysis_task import AnalysisTask
from tools.analysis.task.schema import TaskFile
from tools.section import Section

ROWS = 5_000


def compose(run_folder: Path) -> Section:
    """Fill the ledger of the run with an analysis, and return its section."""
    spec = TaskFile.model_validate(
        {"name": "small", "topic": "t", "description": "d", "kind": "table", "data": {"path": "x"}}
    )
    spec = spec.model_copy(update={"design": DESIGN.model_copy(update={"guesses": [HOSTILE]})})
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        context = RerunContext(
            run_folder, Steps(ledger, Budget(Caps(), ledger)), ArtifactStore(run_folder / "artifacts"), Sandboxing()
        )
        fill(ledger, context.artifacts)
        return compose_section(AnalysisTask(run_folder / "task", spec, ""), list_tools(), context)


def fill(ledger: Ledger, store: ArtifactStore) -> None:
    row = make_row(HOSTILE, unit=HOSTILE).model_copy(update={"extra": {"name": HOSTILE, "unit": HOSTILE}})
    call = {"tool": "model", "arguments": {"group": HOSTILE, "covariates": [HOSTILE] * 90}}
    finding = make_finding(row, calls=[call], title=HOSTILE, caveats=[HOSTILE])
    table = store.put_json([row.model_dump(mode="json")] * ROWS)
    objective = OBJECTIVE.model_copy(update={"question": HOSTILE})
    dropped = [Dropped(entity=HOSTILE, reason=HOSTILE)] * ROWS
    ledger.record(
        make_explored(objective=objective, calls=[call], table=table, findings=[finding], dropped=dropped), OBJECTIVE.id
    )
    ledger.record(make_run(calls=[call], tables={0: table}, figures={0: store.put(PIXEL)}, states=[HOSTILE]), "run")
    ledger.record(Revision(objective=OBJECTIVE.id, after=[call], reason=HOSTILE, by="planner"), "0")
    ledger.record(Proposed(hypothesis=make_hypothesis("a1", HOSTILE), finding=finding, rejected=dropped[:1]), "a1")
    results = [make_test("A", 0.5, 0.8, text=HOSTILE).model_dump(mode="json")]
    add_experiment(ledger, "ea1", "v", {"results": store.put_json(results)})
    look = make_view(columns={HOSTILE: make_view().columns["arm"]}).summary()
    add_experiment(ledger, "look", "data", {"summary": store.put_json(look)})
    ledger.record(Verdict(id="va1", hypothesis="a1", kind=VerdictKind.REFUTED, reason=HOSTILE), "va1")


def add_experiment(ledger: Ledger, id: str, version: str, files: dict[str, str]) -> None:
    made = Experiment(
        id=id, version=version, hypothesis="a1", seed=0, split="validation", outcome=OutcomeKind.OK, files=files
    )
    ledger.record(made, id)


def test_an_analysis_is_shown_as_text_whatever_its_names(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = compose(run_folder)
    monkeypatch.setattr("agents.rerun.read_section", lambda folder: section)
    pages = write_report(run_folder)
    html, markdown = (path.read_text() for path in pages)
    assert "<script" not in html
    assert html.count("<img") == html.count('<img src="data:image/png;base64,') == 1
    assert not any("http:" in value for value in list_attributes(html))
    assert "<svg" in html and "Methods" in html and "Not supported, and why" in html
    assert max(map(len, html.splitlines())) < 20_000 and len(html) < 500_000
    assert re.search(r"(?<!\\)\]\(http", markdown) is None  # no link and no image of theirs
    mine = markdown[markdown.index("## The analysis") : markdown.index("### Smooth labels")]
    assert re.search(r"(?<!\\)<script", mine) is None
    ast.parse((run_folder / "analysis.py").read_text())
    json.loads((run_folder / "analysis.ipynb").read_text())
