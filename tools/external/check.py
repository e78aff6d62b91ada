"""The contract test of tools from outside: each source is started, each allowed tool is called with made-up arguments.

A tool that isn't allowed is never called. What a tool itself refuses of made-up arguments is no fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pelagos.external_tools import ExternalTools
from pelagos.facts.external import ListedTool
from sandbox.border.tool_reply import ToolReply
from tools.external.asking import Asker
from tools.external.sources import Source, describe_missing_permission, is_allowed
from tools.external.toolbox import make_listed

SHORT_DESCRIPTION, MOST_DEPTH = 10, 8
_VALUES: Mapping[str, Any] = {"string": "a", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}


def check_source(source: Source, asker: Asker, tool: str = "") -> dict[str, list[str]]:
    """Return what is to mend, by server.tool; of one `tool` alone where it is given. A source that doesn't start stands
    under its own name. A line that begins with "note:" is no fault."""
    reply = asker.ask(source).reply
    if reply.fault:
        return {source.name: [reply.fault]}
    listed = [make_listed(source.name, described, reply) for described in reply.tools]
    faults = {each.name: described.faults for each, described in zip(listed, reply.tools, strict=True)}
    findings: dict[str, list[str]] = {} if listed else {source.name: ["it offers no tool"]}
    for each in listed:
        if tool in ("", each.name):
            second = ["a second tool of this name: rename one"] if each.name in findings else []
            findings[each.name] = [*second, *faults[each.name], *_check_tool(each, source, asker, faults[each.name])]
    return findings or {source.name: [f"it offers no tool {tool}: it has {', '.join(faults)}"]}


def list_unmended(findings: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names under which something is to mend."""
    return [name for name, lines in findings.items() if any(not line.startswith("note: ") for line in lines)]


def _check_tool(tool: ListedTool, source: Source, asker: Asker, faults: Sequence[str]) -> list[str]:
    lines: list[str] = []
    if len(tool.description.strip()) < SHORT_DESCRIPTION:
        lines.append("no description: say in a sentence what it does, since a model chooses it by that")
    properties = tool.parameters.get("properties", {})
    nameless = [name for name, schema in properties.items() if not isinstance(schema, dict) or not schema.get("type")]
    nameless = [name for name in nameless if not _has_alternatives(properties[name])]
    lines += [f"argument {name}: no type: a model must guess it" for name in nameless]
    if faults:
        return lines
    if not is_allowed(tool.name, asker.settings):
        return [*lines, f"note: not called: {describe_missing_permission(tool.name)}"]
    arguments = make_arguments(tool.parameters)
    return [*lines, *_describe_call(arguments, asker.ask(source, tool, arguments).reply)]


def _has_alternatives(schema: Any) -> bool:
    return isinstance(schema, dict) and bool({"anyOf", "oneOf", "allOf", "enum", "const", "$ref"} & set(schema))


def _describe_call(arguments: Mapping[str, Any], reply: ToolReply) -> list[str]:
    if reply.fault:
        return [f"called with {dict(arguments)}: {reply.fault}"]
    if reply.refused:
        return [f"note: called with {dict(arguments)} it refused: {' '.join(reply.text.split())[:200]}"]
    return [] if reply.text else [f"called with {dict(arguments)}: an empty answer"]


def make_arguments(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return arguments that fit a schema, as far as that can be guessed: the required ones alone."""
    properties = schema.get("properties", {})
    return {name: _make_value(properties.get(name), schema, depth + 1) for name in schema.get("required", [])}


def _make_value(schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    """Return an example, the first of the values allowed, the default, else a value of the type. A schema may refer to
    itself for ever, so it is followed no deeper than `MOST_DEPTH`."""
    if not isinstance(schema, dict) or depth > MOST_DEPTH:
        return "a"
    reference = str(schema.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        return _make_value(root.get("$defs", {}).get(reference.removeprefix("#/$defs/")), root, depth + 1)
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return _make_value(schema[key][0], root, depth + 1)
    return _make_typed(schema, root, depth)


def _make_typed(schema: dict[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object" and schema.get("required"):
        return make_arguments({**schema, "$defs": root.get("$defs", {})}, depth)
    if kind == "array" and schema.get("minItems"):
        return [_make_value(schema.get("items"), root, depth + 1)]
    if kind in ("integer", "number") and ("minimum" in schema or "exclusiveMinimum" in schema):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    if kind == "string" and schema.get("minLength"):
        return "a" * min(int(schema["minLength"]), 1000)
    return _VALUES.get(kind if isinstance(kind, str) else "string", "a")


def describe_permissions(settings: ExternalTools, source: Source) -> str:
    """What the source may do, in a line."""
    seconds = settings.seconds.get(source.name, settings.call_s)
    files = ", ".join(str(path) for path in settings.files.get(source.name, []))
    network = "network" if source.name in settings.network or (source.server and source.server.url) else "no network"
    return f"{network}; files: {files or 'none'}; {seconds:g} s"
