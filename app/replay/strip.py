"""Strips the events of a recording to what the views and the report read. Prompts, replies, predictions, vectors and
package data are left out, and so are the names of the machine that made the run."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WHOLE = {
    "run.started", "run.ended", "node", "pace", "hypothesis", "screened", "plan", "build", "version", "experiment",
    "experiment.attempt", "verdict", "lesson", "claim", "confirmed", "survey", "model.fault", "note", "clock",
    "outage", "outage.over", "model.switch", "lost", "failed", "signature", "fidelity",
}  # fmt: skip
CALL = ("role", "spec", "sample", "hypothesis", "seconds", "strong", "cost")
SMOKE = ("hypothesis", "cause", "sample", "seconds", "cost")
FIELDS = {"model": CALL, "smoke": SMOKE, "search": ("query", "cost")}
EMPTIED = {"experiment": {"files": {}, "replicates": ""}}
URL_HOST = re.compile(r"(?<=@)(https?://)[^/\s\"']+")
MACHINE_PATH = re.compile(r"(?<![\w/.~])/(?:home|root|work|tmp|mnt|srv|opt|var|data|usr|Users)(?:/[\w.+@-]+)+")


def strip_payload(kind: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """Return the part of a payload that a recording keeps, None where it keeps nothing of the event."""
    base_kind = kind.removesuffix(".intent")
    if base_kind in FIELDS:
        return {name: payload[name] for name in FIELDS[base_kind] if name in payload}
    if base_kind not in WHOLE:
        return None
    emptied = EMPTIED.get(kind, {})
    stripped = {**payload, **{name: value for name, value in emptied.items() if name in payload}}
    return _strip_survey(stripped) if kind == "survey" else stripped


def make_anonymizer(run: Path, project: str) -> Callable[[Any], Any]:
    """Return a function that removes the names of this machine from every text of a JSON value."""
    names_by_path = {str(run.resolve()): run.name, str(Path(project).resolve()): ".", str(Path.home()): "~"}
    host = socket.gethostname()

    def clean_text(value: str) -> str:
        for path, name in names_by_path.items():
            value = re.sub(rf"{re.escape(path)}(?![\w.-])", name, value) if len(path) > 1 else value
        value = re.sub(rf"\b{re.escape(host)}\b", "host", value) if len(host) > 3 else value
        value = URL_HOST.sub(r"\1host", value)
        return MACHINE_PATH.sub(lambda match: match[0].rpartition("/")[2], value)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return clean_text(value)
        if isinstance(value, Mapping):
            return {name: clean(item) for name, item in value.items()}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return clean


def _strip_survey(payload: dict[str, Any]) -> dict[str, Any]:
    """Remove the abstracts, which the report does not show."""
    papers = [{**ranked, "paper": {**ranked["paper"], "abstract": ""}} for ranked in payload.get("papers") or []]
    return {**payload, "papers": papers}
