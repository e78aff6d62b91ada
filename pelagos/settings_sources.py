"""Resolves the settings: `pelagos.toml` in the project < environment `PELAGOS_*` < command-line options.

Nested keys are joined by two underscores in the environment: `PELAGOS_LOOP__TRIES=2`. The resolved settings are stored
in the run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from pelagos.errors import BadInput
from pelagos.settings import Settings
from pelagos.textfile import read_text

FILE = "pelagos.toml"


def load(project: Path, **overrides: Any) -> Settings:
    """Resolve the settings of `project`; `overrides` are command-line options, with sections as nested mappings.

    A later source changes only the keys that it names. Raises BadInput, one line per fault.
    """
    sources = {FILE: _read_file(project / FILE), "environment": _read_environment(), "command line": overrides}
    merged: dict[str, Any] = {}
    for source in sources.values():
        merged = _merge(merged, source)
    return _validate(merged, sources)


def override(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """Return the settings with `given` applied (sections as nested mappings). Raises BadInput, one line per fault."""
    return _validate(_merge(settings.model_dump(), given), {"command line": given})


def _validate(merged: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]]) -> Settings:
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise BadInput(*(_describe_fault(item, sources) for item in error.errors())) from None


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not TOML: {error}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _read_environment() -> dict[str, Any]:
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise BadInput(f"environment: {error}; name one key, as in PELAGOS_LOOP__TRIES=2") from None


def _merge(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(settings)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if nested else value
    return merged


def _describe_fault(item: Any, sources: Mapping[str, Mapping[str, Any]]) -> str:
    path = [str(part) for part in item["loc"] if part != "[key]"]
    where, name = _source_of(path, sources), ".".join(path)
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key {name}{_suggest_key(path)}"
    if item["type"] == "value_error":
        return f"{where}: {name}: {item['ctx']['error']}"
    return f"{where}: {name}: {item['msg']} (got {item['input']!r})"


def _source_of(path: list[str], sources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the last source that names the key: the one whose value was taken. A list is one value."""
    for name, values in list(sources.items())[::-1]:
        value: Any = values
        for part in path:
            value = value.get(part, _ABSENT) if isinstance(value, Mapping) else value
        if value is not _ABSENT:
            return name
    return "settings"


_ABSENT = object()


def _suggest_key(path: list[str]) -> str:
    """Return `; did you mean loop.tries?`, or the list of known keys."""
    section = Settings.model_fields[path[0]].annotation if len(path) > 1 else Settings
    names = list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
    close = get_close_matches(path[-1], names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {'.'.join([*path[:-1], close[0]])}?"
    return f"; known here: {', '.join(names)}"
