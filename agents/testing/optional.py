"""Protocols that an object may satisfy besides: read off the module that defines them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from pelagos.protocols import find_misfits, list_members


def list_optional(module: ModuleType) -> list[type]:
    """The runtime-checkable protocols of a module: having their members is enough to satisfy them."""
    return [kind for kind in vars(module).values() if isinstance(kind, type) and _is_checked_at_runtime(kind, module)]


def find_optional_misfits(made: Any, module: ModuleType, demanded: type) -> list[str]:
    """What to mend of the optional protocols of which `made` has any member that the `demanded` one lacks."""
    lines, known = list[str](), {member.name for member in list_members(demanded)}
    for kind in list_optional(module):
        if any(hasattr(made, member.name) for member in list_members(kind) if member.name not in known):
            lines += [f"{kind.__name__}: {line}" for line in find_misfits(made, kind)]
    return lines


def _is_checked_at_runtime(kind: Any, module: ModuleType) -> bool:
    return kind.__module__ == module.__name__ and bool(getattr(kind, "_is_runtime_protocol", False))
