"""Lists and checks tools from outside for `pelagos tools`: MCP servers and langchain tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pelagos.external_tools import ExternalTools
    from tools.external.asking import Asker
    from tools.external.sources import Source

COLUMNS = ("tool", "server", "allowed", "may use", "what it does")


def read_external(refs: Sequence[str]) -> ExternalTools:
    """Return the project's tools from outside, and the servers of each `mcp.json` among the references. Raises
    BadInput."""
    from pelagos.settings_sources import load, override

    settings = load(Path.cwd())
    for ref in refs:
        if ref.endswith(".json"):
            settings = override(settings, {"mcpServers": _read_servers(Path(ref))})
    return settings.external_tools


def _read_servers(path: Path) -> Any:
    from pelagos.errors import BadInput
    from pelagos.textfile import read_text

    try:
        raw = json.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: not JSON: {error}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("mcpServers"), dict):
        raise BadInput(f'{path}: no mcpServers in it: write {{"mcpServers": {{"NAME": {{"command": "..."}}}}}}')
    return raw["mcpServers"]


def choose_sources(external: ExternalTools, refs: Sequence[str]) -> tuple[list[tuple[Source, str]], list[str]]:
    """Return the sources that the references name, each with the one tool that is meant or "" for all, and the
    references that name none. Without references all sources."""
    from pelagos.external_tools import NO_TOOLS
    from tools.external.sources import list_sources

    sources = {source.name: source for source in list_sources(external, NO_TOOLS)}
    if not refs:
        return [(source, "") for source in sources.values()], []
    chosen: list[tuple[Source, str]] = []
    others: list[str] = []
    for ref in refs:
        name = ref.partition(".")[0]
        if ref.endswith(".json"):
            chosen += [(sources[server], "") for server in _read_servers(Path(ref)) if server in sources]
        elif name in sources and not Path(ref).exists():
            chosen.append((sources[name], ref if "." in ref else ""))
        else:
            others.append(ref)
    return chosen, others


def open_asker(external: ExternalTools) -> Asker:
    """Raises MissingPart where no sandbox works here."""
    from pelagos.settings_sources import load
    from sandbox.choose import choose
    from tools.external.asking import Asker

    settings = load(Path.cwd()).sandbox
    return Asker(external, Path.cwd(), choose(settings.name, settings.image))


def list_outside(
    chosen: Sequence[tuple[Source, str]], external: ExternalTools
) -> tuple[list[dict[str, str]], list[str]]:
    """Start the sources and return a row per tool, and a line for each that was left out."""
    from tools.external.check import describe_permissions
    from tools.external.sources import describe_missing_permission, is_allowed
    from tools.external.toolbox import list_tools

    tools, faults = list_tools([source for source, _ in chosen], open_asker(external)) if chosen else ([], [])
    sources = {source.name: source for source, _ in chosen}
    rows = [
        {
            "tool": tool.name,
            "server": tool.version,
            "allowed": "yes" if is_allowed(tool.name, external) else describe_missing_permission(tool.name),
            "may use": describe_permissions(external, sources[tool.server]),
            "what it does": " ".join(tool.description.split())[:200],
        }
        for tool in tools
    ]
    return rows, faults


def check_outside(chosen: Sequence[tuple[Source, str]], external: ExternalTools) -> dict[str, list[str]]:
    """Start the sources and return what is to mend, by tool."""
    from tools.external.check import check_source

    findings: dict[str, list[str]] = {}
    asker = open_asker(external) if chosen else None
    for source, tool in chosen:
        if asker is not None:
            findings |= check_source(source, asker, tool)
    return findings
