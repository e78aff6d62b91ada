"""The red warning on every page of a run whose code nothing isolates: a run with `--sandbox unsafe`, or one with
experiments that ran without isolation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.record.record import Record

if TYPE_CHECKING:
    from rich.text import Text

NAME = "unsafe"
STYLE = "bold white on red"
TEXT = (
    "UNSAFE: nothing isolates the code of this run (--sandbox unsafe). It can read, change and send whatever its "
    "user can, labels and scores among it."
)


def make_warning(record: Record) -> str:
    """Return the warning, or '' where every experiment was isolated."""
    ran_unsafe = any(isolation.startswith(NAME) for isolation in record.isolations)
    return TEXT if ran_unsafe or is_unsafe(record.settings) else ""


def is_unsafe(settings: Mapping[str, Any]) -> bool:
    """Tell whether these resolved settings name the sandbox that isolates nothing."""
    return (settings.get("sandbox") or {}).get("name") == NAME


def style_warning(text: str) -> Text:
    from rich.text import Text

    return Text(text, style=STYLE)
