"""Console scripts by name: of the project's own pyproject.toml, else of a package that is installed."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.textfile import read_text

PROJECT = "pyproject.toml"


def console_script(name: str, folder: Path) -> str:
    """What the script calls, as "package.module:function"; "" where there is none. Raises BadInput."""
    return _own(folder).get(name) or next((one.value for one in entry_points(group="console_scripts", name=name)), "")


def _own(folder: Path) -> dict[str, str]:
    path = folder / PROJECT
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        read = tomllib.loads(read_text(path))
    except (ValueError, BadInput) as error:
        raise BadInput(f"{PROJECT} can't be read: {error}; mend it or write 'python -m package.module ...'") from None
    places = [("project", "scripts"), ("tool", "poetry", "scripts")]
    return {name: value for place in places for name, value in _table(read, place).items() if isinstance(value, str)}


def _table(read: object, place: tuple[str, ...]) -> dict[str, object]:
    for key in place:
        read = read.get(key, {}) if isinstance(read, dict) else {}
    return read if isinstance(read, dict) else {}
