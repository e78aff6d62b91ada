"""The experiments of a run that are running now, with what they print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.formatting import format_line
from app.review.growing.growing_record import GrowingRecord
from memory.files.live_logs import read_live_logs

MOST_LINES, MOST_SHOWN = 40, 8
LINE_LENGTH = 400


@dataclass(frozen=True)
class RunningExperiment:
    """`hypothesis` is "" for the baseline; `began_at` in seconds since 1970; `lines` are the newest."""

    hypothesis: str
    place: str
    began_at: float
    lines: list[str]


def list_running(growing: GrowingRecord, hypothesis: str = "") -> list[RunningExperiment]:
    """Return what is running, of one hypothesis or ("") of all and the baseline; nothing where no process drives the
    run."""
    if growing.find_state()[1] is None:
        return []
    logs = read_live_logs(growing.folder, MOST_LINES)
    running = [
        RunningExperiment(
            str(log.about.get("hypothesis") or ""),
            _describe_place(log.about),
            log.began_at,
            [format_line(line, LINE_LENGTH) for line in log.lines],
        )
        for log in logs
    ]
    return [each for each in running if not hypothesis or each.hypothesis == hypothesis][:MOST_SHOWN]


def _describe_place(about: Mapping[str, Any]) -> str:
    return format_line(f"{about.get('split', '')}, seed {about.get('seed', '')}", LINE_LENGTH)
