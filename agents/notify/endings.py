"""Tells how drives end: which endings are told, as what, and which command follows."""

from __future__ import annotations

import shlex
from pathlib import Path

from agents.notify.notifier import Happening, Notifier
from agents.setup.caps import read_settings_in_force, suggest_cap
from pelagos.facts.drive import Ending, Stopped
from pelagos.settings import Settings

HAPPENINGS: dict[str, Happening] = {
    "finished": "ended", "capped": "ended", "disk full": "failed", "starved": "failed", "failed": "failed",
}  # fmt: skip
"""Status -> what happened. A wait was told when it began, and whoever interrupts a run knows it."""


def tell_ending(notifier: Notifier, folder: Path, ending: Ending, number: int, settings: Settings) -> None:
    """Tell the `number`-th ending of the run in `folder`."""
    if ending.status in HAPPENINGS:
        command = _choose_command(folder, ending, read_settings_in_force(settings, notifier.ledger))
        key = f"{Ending.KIND}/{number}/{ending.status}"
        notifier.tell(HAPPENINGS[ending.status], key, ending.status, ending.reason, command)


def tell_stop(notifier: Notifier, folder: Path, status: str, reason: str) -> None:
    """Tell that the drive stopped without an ending: a part is missing, or Pelagos itself crashed."""
    key = f"{Stopped.KIND}/{len(notifier.ledger.facts(Stopped))}"
    notifier.tell("failed", key, status, reason, f"pelagos resume {shlex.quote(str(folder.absolute()))}")


def _choose_command(folder: Path, ending: Ending, settings: Settings) -> str:
    run = shlex.quote(str(folder.absolute()))
    if ending.status == "finished":
        return f"pelagos hypotheses {run}"
    more = suggest_cap(ending.reason, settings.caps.model_dump()) if ending.status == "capped" else ""
    return f"pelagos resume {run}{more}"
