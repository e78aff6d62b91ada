"""Reads a task file, whatever its toolchain, and formats its faults as single lines: the key, the fault, the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import yaml
from pydantic import BaseModel, ValidationError

from pelagos.errors import BadInput
from pelagos.external_tools import NO_TOOLS, TaskTools
from pelagos.textfile import read_text


class Head(Protocol):
    """What every task file begins with."""

    @property
    def name(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def toolchain(self) -> str: ...


class FromTaskFile:
    """A task that is called and described as its file says (a part of tools.toolchain.Task)."""

    spec: Head

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def topic(self) -> str:
        return self.spec.topic

    @property
    def description(self) -> str:
        return self.spec.description

    @property
    def toolchain(self) -> str:
        return self.spec.toolchain


SERVERS, EXTERNAL = "mcpServers", "external"
"""Keys that every task file may have, whatever its toolchain."""


def take_external(raw: Mapping[Any, Any]) -> tuple[dict[Any, Any], TaskTools, list[str]]:
    """Return the task file without what it says of tools from outside, that, and one line per fault in it."""
    rest = {key: value for key, value in raw.items() if key not in (SERVERS, EXTERNAL)}
    section = raw.get(EXTERNAL) or {}
    if not isinstance(section, dict) or SERVERS in section:
        return rest, NO_TOOLS, [f"{EXTERNAL}: must be a mapping of langchain and allow; mend it"]
    try:
        return rest, TaskTools.model_validate({**section, SERVERS: raw.get(SERVERS) or {}}), []
    except ValidationError as error:
        return rest, NO_TOOLS, [_format_external(e["loc"], e["msg"]) for e in error.errors()]


def _format_external(loc: tuple[Any, ...], message: str) -> str:
    where = ".".join(str(part) for part in (loc if loc[0] == SERVERS else (EXTERNAL, *loc)))
    message = message.removeprefix("Value error, ")
    return f"{where}: {message[:1].lower() + message[1:]}; mend it"


def describe_external(external: TaskTools) -> list[Any]:
    """Return what of it goes into a task's digest: nothing where the file says nothing."""
    return [external.model_dump(mode="json")] if external != NO_TOOLS else []


class _Loader(yaml.SafeLoader):
    """A SafeLoader that refuses duplicate keys, of which YAML silently takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key}' is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[Any, Any]:
    """The mapping in `path`. Raises BadInput if it is missing, not UTF-8, not YAML (with line and column) or not a
    mapping."""
    if not path.is_file():
        raise BadInput(f"{path}: missing; 'pelagos tasks new' writes one to start from")
    try:
        raw = yaml.load(read_text(path), _Loader)  # noqa: S506 (a SafeLoader)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BadInput(f"{path}: not YAML{where}: {error.problem}; mend that line") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: not YAML: {' '.join(str(error).split())}; mend it") from None
    if not isinstance(raw, dict):
        raise BadInput(f"{path}: holds no keys; it must be a mapping such as 'name: digits'")
    return raw


def format_error(error: tuple[str, tuple[Any, ...], str], root: type[BaseModel], remedies: Mapping[str, str]) -> str:
    """One line for one pydantic error, given as (type, location, message)."""
    kind, loc, message = error
    where = ".".join(str(part) for part in loc)
    general = ".".join(str(part) for part in loc if not isinstance(part, int)).replace("guards", "metric")
    if kind == "missing":
        return f"{where}: missing; {remedies.get(general, 'add it')}"
    if kind == "extra_forbidden":
        return f"{where}: unknown key; {_suggest_key(str(loc[-1]), _section_keys(root, loc[:-1]))}"
    return f"{where}: {message[:1].lower() + message[1:]}; {remedies.get(general, 'mend the value')}"


def _suggest_key(key: str, known_keys: list[str]) -> str:
    matches = get_close_matches(key, known_keys, n=1, cutoff=0.5)
    return f"did you mean '{matches[0]}'?" if matches else f"known keys here: {', '.join(known_keys)}"


def _section_keys(root: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """The keys of the section at `loc`."""
    model = root
    for part in loc:
        if not isinstance(part, int):
            model = _section_model(model.model_fields[part].annotation)
    return list(model.model_fields)


def _section_model(annotation: Any) -> type[BaseModel]:
    """The model in an annotation such as `Part` or `list[Part]`."""
    inner = getattr(annotation, "__args__", (annotation,))[0]
    if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
        raise TypeError(f"no section in {annotation}")
    return inner


def find_file_fault(folder: Path, name: str) -> str:
    """The reason why `name` is not a regular file inside `folder`, or ''."""
    if fault := find_path_fault(folder, name):
        return fault
    return "" if (folder / PurePosixPath(name)).is_file() else f"'{name}' is not a file; name a file in it"


def find_path_fault(folder: Path, name: str) -> str:
    """The reason why `name` is neither a file nor a folder inside `folder`, or ''."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        return f"'{name}' leaves the task folder; give a path inside it"
    for part in [path, *path.parents][:-1]:
        if (folder / part).is_symlink():
            return f"'{part}' is a symbolic link; put the real file there"
    if not (folder / path).exists():
        return f"no file '{name}' in the task folder; write it or mend the name{_suggest_file(folder, path)}"
    return ""


def _suggest_file(folder: Path, path: PurePosixPath) -> str:
    parent = folder / path.parent
    names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    matches = get_close_matches(path.name, names, n=1)
    return f" (there is '{path.parent / matches[0]}')" if matches else ""
