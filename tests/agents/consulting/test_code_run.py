"""A whole run on a code task whose plan looks a number up at a server of others, unchanged: real graph, real sandbox.
The coder has the number from its prompt alone. A server that hangs beside it costs its call and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from app.report.build import write_report
from memory.artifacts import ArtifactStore
from pelagos.external_tools import ExternalTools
from pelagos.facts.drive import Ending
from pelagos.settings import Sandboxing
from sandbox.protocol import Sandbox
from tests.agents.consulting.curious import WIRE, read_calls, read_notes
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.agents.test_loop import read_facts
from tests.tools.code.conftest import make_task

pytestmark = pytest.mark.slow
FIT = "    return np.linalg.lstsq(scale(x), y, rcond=None)[0]\n"
EXPRESSION, ANSWER = "7 / 8", "0.875"
STATEMENT = "Shrinking the weights that fit returns lowers the error."
FENCED = re.compile(r"(?ms)^(={4,}) data\n(.*?)\n\1 end$")


class Consulting(Scripted):
    """Its plan asks a server for the factor, and one that hangs. Its first program fails; the factor of both programs is
    what it reads between the marks of data in its prompt."""

    def complete(self, request: Request, limit: Any) -> Reply:
        if request.role not in ("ideator", "planner", "coder") or request.top_logprobs:
            return super().complete(request, limit)
        self.requests.append(request)
        prompt = request.messages[1].content
        made = {"ideator": self.write_idea, "planner": self.write_plan, "coder": self.write_program}[request.role]
        text = made(prompt)
        return Reply(text=text, tokens_in=100, tokens_out=50, seconds=0.1)

    def write_idea(self, prompt: str) -> str:
        return to_json(
            target="fit.py::fit", title="Shrinkage of the weights", statement=STATEMENT, rationale="They vary much.",
            predicted_effect=0.1, refuted_by="no lower error", papers=[],
        )  # fmt: skip

    def write_plan(self, prompt: str) -> str:
        look_up = {"tool": "calc.calculate", "arguments": {"expression": EXPRESSION}}
        hang = {"tool": "wire.add", "arguments": {"a": 1, "b": 2}}
        steps = [
            {"text": "What is the factor?", "call": look_up},
            {"text": "What does it add up to?", "call": hang},
            {"text": "Multiply the weights in fit by the factor.", "call": None},
        ]
        return to_json(steps=steps)

    def write_program(self, prompt: str) -> str:
        [answer] = [text for _, text in FENCED.findall(prompt) if "calc.calculate" in text]
        factor = answer.rpartition("\n")[2]
        if "has a fault" in prompt:
            return replace_lines(f"    return {factor} * y[:3] / missing\n", f"    return {factor} * (x.T @ y)\n")
        return replace_lines(FIT, f"    return {factor} * y[:3] / missing\n")


def to_json(**fields: Any) -> str:
    return json.dumps(fields)


def replace_lines(old: str, new: str) -> str:
    return f"fit.py\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


class Jailed(ScriptedAssembly):
    def __init__(self, model: Scripted, sandbox: Sandbox) -> None:
        super().__init__(model)
        self.jail = sandbox

    def sandbox(self, settings: Sandboxing) -> Sandbox:
        return self.jail


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, third_party: Mapping[str, Mapping[str, str]], jail: Sandbox
) -> tuple[Ending, Path, Consulting]:
    project, model = tmp_path_factory.mktemp("project"), Consulting()
    make_task(project / "lines")
    settings = make_short_settings(1, lanes=1, judge={"max_seeds": 3}, survey={"fill": False})
    settings.loop.plans = 1
    hanging = {"command": "python", "args": [str(WIRE), "hang at call"]}
    servers = {"calc": third_party["calc"], "wire": hanging}
    external = ExternalTools(**{"mcpServers": servers, "allow": ["calc.*", "wire.*"], "seconds": {"wire": 1.0}})
    assembly = Jailed(model, jail)
    run = create(project, str(project / "lines"), settings, project / "runs" / "r", assembly)
    return drive(run, assembly=assembly, external=external), run, model


def test_the_run_comes_to_a_verdict_whatever_hangs(whole: tuple[Ending, Path, Consulting]) -> None:
    ending, run, _ = whole
    assert ending.status == "finished", ending.reason
    assert [fact["hypothesis"] for fact in read_facts(run, "verdict")][:1] == ["h1"]
    assert any(text.startswith("h1-p1: wire.add: no answer: ") for text in read_notes(run))


def test_the_answer_stands_in_the_ledger_with_where_it_is_from(whole: tuple[Ending, Path, Consulting]) -> None:
    _, run, _ = whole
    told, hung = read_calls(run)
    assert (told.tool, told.arguments, told.fault) == ("calc.calculate", {"expression": EXPRESSION}, "")
    assert told.version and told.isolation and told.isolation != "unsafe (no isolation)"
    assert ArtifactStore(run / "artifacts").text(told.output) == ANSWER
    assert told.output == hashlib.sha256(ANSWER.encode()).hexdigest()
    assert (hung.tool, hung.output) == ("wire.add", "")
    assert hung.fault.startswith("no answer")


def test_draft_and_repair_show_it_as_data_and_the_program_has_it_from_there(
    whole: tuple[Ending, Path, Consulting],
) -> None:
    _, run, model = whole
    prompts = [request.messages[1].content for request in model.requests if request.role == "coder"]
    draft, repair = prompts[0], prompts[1]
    assert "This part of a Python program has a fault" in repair and ANSWER not in FENCED.sub("", draft)
    for prompt in (draft, repair):
        [shown] = [text for _, text in FENCED.findall(prompt) if "calc.calculate" in text]
        assert shown.endswith(f":\n{ANSWER}") and "calc.calculate" not in FENCED.sub("", prompt)
        assert "wire.add" not in prompt
    [build] = read_facts(run, "build")
    assert build["version"] and [attempt["kind"] for attempt in build["tries"]] == ["draft", "repair"]
    version = next(fact for fact in read_facts(run, "version") if fact["id"] == build["version"])
    assert f"return {ANSWER} * (x.T @ y)" in ArtifactStore(run / "artifacts").text(version["content"])


def test_the_report_shows_the_evidence_and_names_what_hung(whole: tuple[Ending, Path, Consulting]) -> None:
    _, run, _ = whole
    told, hung = read_calls(run)
    pages = {path.suffix: path.read_text() for path in write_report(run)}
    assert {".html", ".md"} <= set(pages)
    for page in (pages[".html"], pages[".md"]):
        assert "What is the factor?" in page and ANSWER in page
        assert told.version in page and told.output[:16] in page
        assert "What does it add up to?" in page and "no answer" in page
    assert f"isolated by {told.isolation}" in pages[".html"]
    assert "server calc: " in pages[".html"] and hung.at in pages[".html"]
