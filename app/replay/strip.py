"""What a recording keeps of a run: what the views and the report read. Prompts, replies, predictions, vectors and
package data stay out, and so do the names of the machine that made it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WHOLE = {
    "run.started", "run.ended", "node", "pace", "hypothesis", "screened", "plan", "build", "version", "experiment",
    "experiment.attempt", "verdict", "lesson", "confirmed", "survey", "model.fault", "note", "clock",
    "outage", "outage.over", "model.switch", "lost", "failed",
}  # fmt: skip
CALL = ("role", "spec", "sample", "hypothesis", "seconds", "strong", "cost")
SMOKE = ("hypothesis", "cause", "sample", "seconds", "cost")
FIELDS = {"model": CALL, "smoke": SMOKE, "search": ("query", "cost")}
EMPTIED = {"experiment": {"files": {}, "replicates": ""}}
URL_HOST = re.compile(r"(?<=@)(https?://)[^/\s\"']+")
MACHINE_PATH = re.compile(r"(?<![\w/.~])/(?:home|root|work|tmp|mnt|srv|opt|var|data|usr|Users)(?:/[\w.+@-]+)+")


def kept(kind: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """What a recording keeps of an event, None where it keeps nothing."""
    fact = kind.removesuffix(".intent")
    if fact in FIELDS:
        return {name: payload[name] for name in FIELDS[fact] if name in payload}
    if fact not in WHOLE:
        return None
    emptied = EMPTIED.get(kind, {})
    found = {**payload, **{name: value for name, value in emptied.items() if name in payload}}
    return _survey(found) if kind == "survey" else found


def anonymous(run: Path, project: str) -> Callable[[Any], Any]:
    """A function that takes the names of this machine out of every text of a JSON value."""
    known = {str(run.resolve()): run.name, str(Path(project).resolve()): ".", str(Path.home()): "~"}
    host = socket.gethostname()

    def text(value: str) -> str:
        for path, name in known.items():
            value = re.sub(rf"{re.escape(path)}(?![\w.-])", name, value) if len(path) > 1 else value
        value = re.sub(rf"\b{re.escape(host)}\b", "host", value) if len(host) > 3 else value
        value = URL_HOST.sub(r"\1host", value)
        return MACHINE_PATH.sub(lambda found: found[0].rpartition("/")[2], value)

    def within(value: Any) -> Any:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, Mapping):
            return {name: within(one) for name, one in value.items()}
        return [within(one) for one in value] if isinstance(value, list) else value

    return within


def _survey(payload: dict[str, Any]) -> dict[str, Any]:
    """The report shows a paper's title, year, finding and address; not its abstract."""
    papers = [{**one, "paper": {**one["paper"], "abstract": ""}} for one in payload.get("papers") or []]
    return {**payload, "papers": papers}
