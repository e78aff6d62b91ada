"""Where a run comes from, in one line: task, models, date, and the command that makes one like it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from app.record import Record
from app.words import line
from pelagos.settings import Settings

LONGEST = 600
HOUR = 3600
FLAGS = {
    "loop.hypotheses": "--hypotheses",
    "caps.usd": "--max-cost",
    "caps.experiments": "--max-experiments",
    "caps.tokens": "--max-tokens",
    "sandbox.name": "--sandbox",
    "loop.workers": "--workers",
    "loop.review": "--review",
}
ROLES = {"default", "ideator", "planner", "coder", "verifier", "extractor"}


def origin(record: Record) -> str:
    specs = dict.fromkeys(str(call["spec"]) for call in record.calls if call.get("spec"))
    models = ", ".join(specs) or str((record.settings.get("models") or {}).get("default", "no model"))
    return line(f"task {record.task or 'unknown'}, {models}, {date(record)}, made by {command(record)}", LONGEST)


def date(record: Record) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(record.first_at))


def command(record: Record) -> str:
    """The command line, and the settings that no option of it stands for."""
    flags, rest = [], []
    for name, value in _changed(record.settings, Settings().model_dump(mode="json")):
        section, _, key = name.partition(".")
        if name == "caps.seconds" and value is not None:
            flags.append(f"--hours {value / HOUR:g}")
        elif section == "models" and key in ROLES and value is not None:
            flags.append(f"--model {key}={value}")
        elif name in FLAGS and value is not None:
            flags.append(f"{FLAGS[name]} {value}")
        else:
            rest.append(f"{name} = {value}")
    words = " ".join(["pelagos run", record.task, *flags])
    return f"`{words}`" + (f" with {', '.join(rest)}" if rest else "")


def _changed(chosen: Mapping[str, Any], default: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings that differ from today's defaults; those that exist no longer are passed over."""
    for name in (name for name in chosen if name in default):
        if isinstance(chosen[name], Mapping) and isinstance(default[name], Mapping):
            yield from _changed(chosen[name], default[name], f"{prefix}{name}.")
        elif chosen[name] != default[name]:
            yield f"{prefix}{name}", chosen[name]
