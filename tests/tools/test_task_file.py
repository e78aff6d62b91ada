"""What a task file says of tools from outside is read whatever its toolchain, and what says nothing changes no digest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pelagos.errors import BadInput
from pelagos.external_tools import NO_TOOLS
from tools import registry
from tools.task_file import describe_external, take_external

DIGITS = registry.shipped_tasks()["digits"]


def test_the_keys_are_taken_out_of_the_file() -> None:
    servers = {"time": {"command": "x"}}
    raw = {"name": "a", "mcpServers": servers, "external": {"allow": ["time.*"], "langchain": ["m:o"]}}
    rest, external, faults = take_external(raw)
    assert (rest, faults) == ({"name": "a"}, [])
    assert (external.mcpServers["time"].command, external.allow, external.langchain) == ("x", ["time.*"], ["m:o"])
    assert take_external({"name": "a"}) == ({"name": "a"}, NO_TOOLS, [])
    assert describe_external(NO_TOOLS) == [] and describe_external(external)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"external": {"network": ["time"]}}, "external.network: extra inputs are not permitted; mend it"),
        ({"external": ["time.*"]}, "external: must be a mapping of langchain and allow; mend it"),
        ({"external": {"allow": ["time"]}}, "external.allow.0: 'time': write server.tool or server.*"),
        ({"mcpServers": {"time": {}}}, "mcpServers.time: give either a command or a url"),
        ({"mcpServers": 3}, "mcpServers: input should be a valid dictionary"),
    ],
)  # fmt: skip
def test_a_fault_is_named(said: dict[str, object], fault: str) -> None:
    _, external, [found] = take_external(said)
    assert found.startswith(fault) and external == NO_TOOLS


def test_a_task_with_tools_is_another_task_and_its_faults_are_its_own(tmp_path: Path) -> None:
    folder = shutil.copytree(DIGITS, tmp_path / "digits")
    plain, _ = registry.task(folder)
    text = (folder / "task.yaml").read_text()
    (folder / "task.yaml").write_text(text + yaml.safe_dump({"external": {"allow": ["time.*"]}}))
    told, _ = registry.task(folder)
    assert told.digest != plain.digest
    (folder / "task.yaml").write_text(text + yaml.safe_dump({"external": {"network": ["time"]}}))
    with pytest.raises(BadInput, match=r"task\.yaml: external\.network"):
        registry.task(folder)
