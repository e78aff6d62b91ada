"""What both clients share inside the sandbox: the request, the reply, and checks of hostile schemas.

Schemas are checked here and not in the controller: a pattern can take for ever, and a reference can ask for a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")
MOST_TOOLS, MOST_DESCRIPTION_CHARS, MOST_REASON_CHARS = 64, 4_000, 300
MOST_SCHEMA_CHARS, MOST_DEPTH = 8_000, 16
_ENDING = threading.Lock()


def read_request() -> dict[str, Any]:
    """The request: source, bounds, and the call, if one is to be made."""
    request: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    return request


def end(request: dict[str, Any], **reply: Any) -> NoReturn:
    """Write the reply, kill what was started, and leave at once. Of two threads the first one ends it."""
    _ENDING.acquire()
    Path(request["reply"]).write_text(json.dumps(reply), "utf-8")
    for child in _list_descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    os._exit(0)


def _list_descendants(process: int) -> list[int]:
    """The ids of the processes that it has started, and they."""
    children: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += map(int, task.read_text().split())
    return [each for child in children for each in (*_list_descendants(child), child)]


class TimeLimit:
    """Ends the process with a fault when a stage takes too long, whatever the code in it waits for or computes."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request, self._timer = request, threading.Timer(0, lambda: None)

    def begin(self, stage: str, seconds: float) -> None:
        """Begin a stage; the limit of the stage before is lifted."""
        self._timer.cancel()
        self._timer = threading.Timer(seconds, self._end, (stage, seconds))
        self._timer.daemon = True
        self._timer.start()

    def _end(self, stage: str, seconds: float) -> None:
        end(self._request, fault=f"no answer within {seconds:g} s at its {stage}")


def describe_error(error: BaseException) -> str:
    """One line; of a group of errors the first one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).partition("For further information")[0].split())[:MOST_REASON_CHARS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def describe_tool(name: str, description: str, parameters: Any) -> dict[str, Any]:
    """The tool as the reply holds it, with what is wrong with it."""
    faults = find_schema_faults(parameters)
    if not NAME.fullmatch(name):
        faults.append("a bad name: use at most 64 letters, digits, _ and -")
    shown = parameters if isinstance(parameters, dict) and not faults else {}
    return {
        "name": name[:200],
        "description": description[:MOST_DESCRIPTION_CHARS],
        "parameters": shown,
        "faults": faults,
    }


def find_schema_faults(schema: Any) -> list[str]:
    """What is wrong with the schema of a tool's arguments; a line each."""
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    if not isinstance(schema, dict) or schema.get("type") != "object":
        return ["no schema of arguments: it must be a JSON schema with type object"]
    if _depth(schema) > MOST_DEPTH:
        return [f"its schema is nested deeper than {MOST_DEPTH}: flatten it"]
    if (size := len(json.dumps(schema, ensure_ascii=False))) > MOST_SCHEMA_CHARS:
        return [f"its schema has {size} characters: shorten it to {MOST_SCHEMA_CHARS}"]
    if foreign := [ref for ref in _references(schema) if not ref.startswith("#")]:
        return [f"its schema refers to {foreign[0][:80]}: write the definition into the schema"]
    try:
        validator_for(schema).check_schema(schema)
    except Exception as error:  # the border to other people's schemas: whatever is wrong with one is a line
        return [f"its schema is none: {describe_error(error)}"]
    return []


def find_argument_fault(arguments: dict[str, Any], schema: dict[str, Any]) -> str:
    """Why the arguments don't fit the schema, or ''."""
    from jsonschema.validators import validator_for

    try:
        errors = sorted(
            validator_for(schema)(schema).iter_errors(arguments), key=lambda error: list(map(str, error.path))
        )
    except Exception as error:  # as above
        return f"its schema can't be used: {describe_error(error)}"
    if not errors:
        return ""
    where = ".".join(map(str, errors[0].path))
    return " ".join(f"{where + ': ' if where else ''}{errors[0].message}".split())[:MOST_REASON_CHARS]


def _depth(value: Any, depth: int = 1) -> int:
    """How deep a value is nested; counted no further than one more than what is allowed."""
    if depth > MOST_DEPTH:
        return depth
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((_depth(each, depth + 1) for each in inner), default=depth)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value[name] for name in ("$ref", "$dynamicRef") if isinstance(value.get(name), str)]
        return own + [ref for each in value.values() for ref in _references(each)]
    return [ref for each in value for ref in _references(each)] if isinstance(value, list) else []
