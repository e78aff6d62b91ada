"""Describes the origin of a run in one line: task, models, date, and the command that makes a run like it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from app.formatting import format_line
from app.record.record import Record
from pelagos.settings import Settings

MAX_LENGTH = 600
HOUR_S = 3600
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


def describe_origin(record: Record) -> str:
    specs = dict.fromkeys(spec for spec, _ in record.calls if spec)
    models = ", ".join(specs) or str((record.settings.get("models") or {}).get("default", "no model"))
    return format_line(
        f"task {record.task or 'unknown'}, {models}, {format_date(record)}, made by {rebuild_command(record)}",
        MAX_LENGTH,
    )


def format_date(record: Record) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(record.first_at))


def rebuild_command(record: Record) -> str:
    """Return the command line of the run, and the settings for which there is no option."""
    flags, others = [], []
    for name, value in _list_changes(record.settings, Settings().model_dump(mode="json")):
        section, _, key = name.partition(".")
        if name == "caps.seconds" and value is not None:
            flags.append(f"--hours {value / HOUR_S:g}")
        elif section == "models" and key in ROLES and value is not None:
            flags.append(f"--model {key}={value}")
        elif name in FLAGS and value is not None:
            flags.append(f"{FLAGS[name]} {value}")
        else:
            others.append(f"{name} = {value}")
    command = " ".join(["pelagos run", record.task, *flags])
    return f"`{command}`" + (f" with {', '.join(others)}" if others else "")


def _list_changes(chosen: Mapping[str, Any], default: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings that differ from today's defaults. Settings that no longer exist are skipped."""
    for name in (name for name in chosen if name in default):
        if isinstance(chosen[name], Mapping) and isinstance(default[name], Mapping):
            yield from _list_changes(chosen[name], default[name], f"{prefix}{name}.")
        elif chosen[name] != default[name]:
            yield f"{prefix}{name}", chosen[name]
