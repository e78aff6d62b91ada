"""Finds console scripts by name: in the task's pyproject.toml, else in the installed packages."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.textfile import read_text

PROJECT = "pyproject.toml"


def find_console_script(name: str, folder: Path) -> str:
    """What the script calls, as "package.module:function"; "" if there is no such script. Raises BadInput."""
    return _project_scripts(folder).get(name) or next(
        (entry_point.value for entry_point in entry_points(group="console_scripts", name=name)), ""
    )


def _project_scripts(folder: Path) -> dict[str, str]:
    path = folder / PROJECT
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        read = tomllib.loads(read_text(path))
    except (ValueError, BadInput) as error:
        raise BadInput(f"{PROJECT} can't be read: {error}; mend it or write 'python -m package.module ...'") from None
    places = [("project", "scripts"), ("tool", "poetry", "scripts")]
    return {
        name: value for place in places for name, value in _nested_table(read, place).items() if isinstance(value, str)
    }


def _nested_table(read: object, place: tuple[str, ...]) -> dict[str, object]:
    for key in place:
        read = read.get(key, {}) if isinstance(read, dict) else {}
    return read if isinstance(read, dict) else {}
