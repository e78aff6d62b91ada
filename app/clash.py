"""Names the packages of other distributions that stand in the way of Pelagos' plain top-level folders."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOMS = ("agents", "tools", "tasks", "app", "memory", "sandbox", "pelagos")


def clashes(rooms: tuple[str, ...] = ROOMS, home: Path | None = None) -> list[str]:
    """One line per room whose import would find something else than what lies beside this file."""
    home = home or Path(__file__).resolve().parent.parent
    return [fault for room in rooms if (fault := _clash(room, home))]


def _clash(room: str, home: Path) -> str:
    spec = find_spec(room)
    if spec is None:
        return f"package '{room}' is missing from {home}: install Pelagos again"
    places = [Path(place).resolve() for place in spec.submodule_search_locations or []]
    if home / room in places[:1]:
        return ""
    found = places[0] if places else spec.origin
    return (
        f"package '{room}' of Pelagos is hidden by {found}: another distribution installs that name. "
        "Give Pelagos an environment of its own: pipx install pelagos"
    )
