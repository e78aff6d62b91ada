"""Asks a module for its langchain-core tools, and calls one if the request says so."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from replies import (  # type: ignore[import-not-found]
    MOST_TOOLS,
    TimeLimit,
    describe_error,
    describe_tool,
    end,
    find_argument_fault,
    read_request,
)


def ask(request: dict[str, Any]) -> None:
    """Import the module and write the reply; every failure is a reply."""
    limit, stage = TimeLimit(request), "import"
    limit.begin(stage, request["start_s"])
    try:
        tools = _load_tools(request["module"], request["object"])
        named = _name_version(request["module"])
        if request["call"] is None:
            end(request, version=named, tools=[_describe(tool) for tool in tools[:MOST_TOOLS]])
        stage, call = "call", request["call"]
        limit.begin(stage, request["call_s"])
        if fault := find_argument_fault(call["arguments"], call["parameters"]):
            end(request, version=named, fault=f"the arguments don't fit its schema: {fault}")
        tool = next(tool for tool in tools if tool.name == call["tool"])
        end(request, version=named, text=_write(tool.invoke(call["arguments"]))[: request["output_chars"]])
    except BaseException as error:  # the border to other people's programs: whatever happens is a line
        end(request, fault=f"at its {stage}: {describe_error(error)}")


def _load_tools(module: str, name: str) -> list[Any]:
    """The tools that the object is: one, or a list of them. Raises ValueError where it is something else."""
    from langchain_core.tools import BaseTool

    sys.path.insert(0, "modules")
    found = getattr(importlib.import_module(module), name)
    tools = list(found) if isinstance(found, list | tuple) else [found]
    if others := [each for each in tools if not isinstance(each, BaseTool)]:
        raise ValueError(
            f"{module}:{name} is {type(others[0]).__name__} and no langchain-core tool: decorate it by @tool"
        )
    return tools


def _describe(tool: Any) -> dict[str, Any]:
    schema = tool.tool_call_schema
    parameters = schema if isinstance(schema, dict) else schema.model_json_schema()
    words = tool.description or parameters.pop("description", "")
    described: dict[str, Any] = describe_tool(tool.name, words, {"type": "object", **parameters})
    return described


def _name_version(module: str) -> str:
    """The package's name and version; the module's alone where it is no installed one."""
    top = module.partition(".")[0]
    try:
        package = packages_distributions().get(top, [top])[0]
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        source = inspect.getsourcefile(sys.modules[module])
        return f"{module} ({source})" if source else module


def _write(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, default=str, ensure_ascii=False)


if __name__ == "__main__":
    ask(read_request())
