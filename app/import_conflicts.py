"""Finds packages of other distributions that hide Pelagos' top-level packages, whose names are plain words."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOMS = ("agents", "tools", "tasks", "app", "memory", "sandbox", "pelagos")


def find_conflicts(rooms: tuple[str, ...] = ROOMS, home: Path | None = None) -> list[str]:
    """Return one line per room whose import would load something else than the folder below `home`, by default the
    folder that holds this package."""
    home = home or Path(__file__).resolve().parent.parent
    return [fault for room in rooms if (fault := _describe_conflict(room, home))]


def _describe_conflict(room: str, home: Path) -> str:
    spec = find_spec(room)
    if spec is None:
        return f"package '{room}' is missing from {home}: install Pelagos again"
    locations = [Path(location).resolve() for location in spec.submodule_search_locations or []]
    if home / room in locations[:1]:
        return ""
    hiding_path = locations[0] if locations else spec.origin
    return (
        f"package '{room}' of Pelagos is hidden by {hiding_path}: another distribution installs that name. "
        "Give Pelagos an environment of its own: pipx install pelagos"
    )
