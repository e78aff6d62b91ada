"""An analysis of real data whose hypothesis is looked up outside: the answer stands beside the rationale, and the verdict
is that of the data alone."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from app.report.build import write_report
from memory.files.project_folder import SECRET_FILE, project_folder
from memory.ledger.ledger import Ledger
from tests.agents.consulting.curious import make_external, read_calls
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings

pytestmark = pytest.mark.slow
pytest.importorskip("lifelines")

CALL = {"tool": "wire.add", "arguments": {"a": 19, "b": 23}}
REPLIES = {
    "steps": {"steps": [{"text": "How many are known?", "call": CALL}]},
    "reading": {"reading": "The answer adds nothing to the reasons for it or against it."},
    "rationale": {"rationale": "Those who got aid may differ by chance, which would speak against it."},
}


class Analyst(Scripted):
    """Answers the questions of an analysis; which one it is shows in the reply's schema."""

    def complete(self, request: Request, limit: Any) -> Reply:
        [name] = set((request.schema_ or {})["properties"]) & set(REPLIES)
        return Reply(text=json.dumps(REPLIES[name]), tokens_in=10, tokens_out=5, seconds=0.1)


def run_analysis(project: Path, allow: list[str]) -> Path:
    """Run one hypothesis; all projects draw the same splits."""
    place = project_folder(project) / SECRET_FILE
    place.write_text("1" * 64)
    assembly = ScriptedAssembly(Analyst())
    settings = make_short_settings(1, lanes=1, verifiers={"kind": "off"})
    run = create(project, "table", settings, project / "runs" / "r", assembly)
    drive(run, assembly=assembly, external=make_external(project / "calls", allow=allow))
    return run


def read_verdict(run: Path) -> Any:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        [verdict] = [event.payload for event in ledger.events("verdict")]
    return {name: verdict[name] for name in ("kind", "reason", "effect")}


def test_the_answer_stands_beside_the_rationale_and_changes_no_verdict(tmp_path: Path) -> None:
    asked, alone = run_analysis(tmp_path / "asked", ["wire.*"]), run_analysis(tmp_path / "alone", [])
    [call] = read_calls(asked)
    assert (call.tool, call.fault, call.plan) == ("wire.add", "", "h1-p1")
    text = write_report(asked)[1].read_text()
    assert "Looked up outside: How many are known?" in text and "The answer adds nothing" in text
    assert read_calls(alone) == []
    assert read_verdict(asked) == read_verdict(alone)
