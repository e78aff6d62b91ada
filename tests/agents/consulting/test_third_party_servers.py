"""Servers of others from the package index, unchanged, each in a virtual environment of its own: listed, checked, and used
by a plan in a run, with their answers as evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.report.build import write_report
from memory.artifacts import ArtifactStore
from pelagos.external_tools import NO_TOOLS, ExternalTools
from pelagos.settings import Sandboxing
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.agents.consulting.curious import Curious, launch, read_calls
from tests.agents.scripted import ScriptedAssembly
from tools.external.asking import Asker
from tools.external.check import check_source, list_unmended
from tools.external.sources import list_sources
from tools.external.toolbox import list_tools

pytestmark = pytest.mark.slow


class Sandboxed(ScriptedAssembly):
    def sandbox(self, settings: Sandboxing) -> Sandbox:
        return choose("auto")


@pytest.fixture(scope="module")
def external(third_party: Mapping[str, Mapping[str, str]]) -> ExternalTools:
    return ExternalTools(**{"mcpServers": third_party, "allow": ["*.*"]})


def test_they_are_listed_and_checked_in_the_sandbox(external: ExternalTools, jail: Sandbox, tmp_path: Path) -> None:
    asker, sources = Asker(external, tmp_path, jail), list_sources(external, NO_TOOLS)
    tools, faults = list_tools(sources, asker)
    assert faults == []
    versions = {tool.name: tool.version for tool in tools}
    assert set(versions) == {"time.get_current_time", "time.convert_time", "calc.calculate"}
    assert "protocol 2026" in versions["time.convert_time"]
    assert "protocol 2025" in versions["calc.calculate"]  # the old handshake
    findings = {name: lines for source in sources for name, lines in check_source(source, asker).items()}
    assert list_unmended(findings) == []
    assert findings["time.get_current_time"][0].startswith("note: called with {'timezone': 'a'} it refused: ")


def test_a_plan_uses_them_and_their_answers_are_evidence(
    external: ExternalTools, jail: Sandbox, tmp_path: Path
) -> None:
    convert: Any = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    model = Curious(("time.convert_time", convert), ("calc.calculate", {"expression": "6 * 7"}))
    run = launch(tmp_path, model, external, assembly=Sandboxed(model))
    calls = {call.tool: call for call in read_calls(run)}
    assert [call.fault for call in calls.values()] == ["", ""]
    assert all(
        call.isolation == calls["calc.calculate"].isolation != "unsafe (no isolation)" for call in calls.values()
    )
    store = ArtifactStore(run / "artifacts")
    assert "T21:00" in store.text(calls["time.convert_time"].output)
    assert store.text(calls["calc.calculate"].output) == "42"
    page = write_report(run)[0].read_text()
    assert "What tools from outside said" in page and calls["calc.calculate"].output[:16] in page and "T21:00" in page
