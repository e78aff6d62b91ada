"""A whole run whose programs aren't what their hypothesis says: the case that was reported as supported once."""

from __future__ import annotations

import json
from pathlib import Path

from agents.launch import drive
from agents.models.protocol import Request
from agents.setup.create import create
from app.report.build import write_report
from tests.agents.scripted import ScriptedAssembly, Small
from tests.agents.test_loop import make_settings, read_facts
from tests.tools.code.conftest import make_task

TITLE = "Averaging the weights over the last quarter of training"


class Longer(Small):
    """Promises an average of the weights and makes them smaller, each time by another factor."""

    def say(self, request: Request) -> str:
        if request.role == "ideator":
            claim = f"{TITLE}: keep their mean and predict with it."
            return json.dumps({"title": TITLE, "target": "fit.py::fit", "statement": claim})
        if request.role == "coder":
            factor = 0.5 + request.sample / 10
            return f"```python\ndef fit(x, y):\n    return {factor} * np.linalg.lstsq(scale(x), y, rcond=None)[0]\n```"
        return json.dumps({"query": ""})


def test_what_was_done_is_told_to_the_coder_and_reported(tmp_path: Path) -> None:
    assembly = ScriptedAssembly(Longer())
    make_task(tmp_path / "lines")
    asked = make_settings(loop={"hypotheses": 1, "tries": 4}, sandbox={"name": "unsafe"})
    run = create(tmp_path, str(tmp_path / "lines"), asked, tmp_path / "r", assembly)
    assert drive(run, assembly=assembly).status == "finished"
    (built,) = read_facts(run, "build")
    assert [attempt["cause"] for attempt in built["tries"]] == ["unfaithful", "unfaithful"]
    assert {fact["answer"] for fact in read_facts(run, "fidelity")} == {"doesn't"}
    drafts = [request.messages[1].content for request in assembly.scripted.requests if request.role == "coder"]
    assert "What you did: now has return 0.5 * np.linalg.lstsq" in drafts[1]
    (lesson,) = read_facts(run, "lesson")
    assert (lesson["verdict"], lesson["failure"]) == ("undecided", "unfaithful")
    assert lesson["title"].startswith("now has return 0.6 * np.linalg.lstsq(scale(x), y, rcond=None)")
    markdown = write_report(run)[1].read_text("utf-8")
    assert f"| {TITLE} |" not in markdown and f"### {TITLE}" not in markdown
    assert (
        f"Claimed: {TITLE}. Is that what was done? no, by marks: weight averaging: nothing in the change is it"
        in markdown
    )
