"""Starts a run as the page's form asks for it: the checks of `pelagos run`, then a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.launches import drop_absent, make_caps, start_detached
from pelagos.errors import BadInput

NUMBERS: dict[str, type[int] | type[float]] = {"hypotheses": int, "hours": float, "max_experiments": int}
REVIEWS = ("off", "async", "gate")


def start_run(project: Path, form: Mapping[str, str]) -> Path:
    """Make a run folder and start a process that drives it; return the folder. Raises what `pelagos run` raises before
    it begins."""
    from agents.setup.create import create
    from pelagos.settings_sources import load

    task = form.get("task_folder", "").strip() or form.get("task", "")
    if not task:
        raise BadInput("task: name a shipped task or a task folder")
    settings = load(project, **drop_absent(_read_options(form)))
    folder = create(project, _locate(task, project), settings)
    start_detached(folder, project)
    return folder


def _read_options(form: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    numbers = {name: _read_number(name, form.get(name, "")) for name in NUMBERS}
    review = form.get("review") or None
    if review is not None and review not in REVIEWS:
        raise BadInput(f"review: {review}: one of {', '.join(REVIEWS)}")
    return {
        "loop": {"hypotheses": numbers["hypotheses"], "review": review},
        "caps": make_caps(numbers["hours"], numbers["max_experiments"], None, None),
        "models": {"default": form.get("model", "").strip() or None},
    }


def _read_number(name: str, text: str) -> Any:
    """Return the number, None where the field is empty."""
    if not text.strip():
        return None
    try:
        return NUMBERS[name](text)
    except ValueError:
        raise BadInput(f"{name}: {text!r}: give a number") from None


def _locate(task: str, project: Path) -> str:
    """Return a task folder below the project as a path, a shipped task's name as it is."""
    folder = project / task
    return str(folder) if folder.is_dir() else task
