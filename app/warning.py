"""A run whose code nothing isolated says so on every page, in red: `--sandbox unsafe`, or experiments that ran so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.record import Record

if TYPE_CHECKING:
    from rich.text import Text

NAME = "unsafe"
STYLE = "bold white on red"
TEXT = (
    "UNSAFE: nothing isolates the code of this run (--sandbox unsafe). It can read, change and send whatever its "
    "user can, labels and scores among it."
)


def warning(record: Record) -> str:
    """The warning, or '' where every experiment was isolated."""
    ran = any(one.isolation.startswith(NAME) for one in record.experiments.values())
    return TEXT if ran or asked(record.settings) else ""


def asked(settings: Mapping[str, Any]) -> bool:
    """Whether these resolved settings name the sandbox that isolates nothing."""
    return (settings.get("sandbox") or {}).get("name") == NAME


def red(text: str) -> Text:
    from rich.text import Text

    return Text(text, style=STYLE)
