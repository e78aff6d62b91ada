"""What a run does now, what it has learned so far, and when its next verdict is due. Pure functions of a record."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.record import Record
from app.words import count, duration, line, signed
from pelagos.nouns import Verdict, VerdictKind

TITLE = 60
LAST_NODES = {"confirm", "report"}
BUSY = {
    "baseline": "measuring the baseline",
    "survey": "reading the literature",
    "ideate": "asking for the next idea",
    "screen": "comparing {it} with what is known",
    "plan": "planning {it}",
    "gate": "waiting for the review of {it}",
    "glance": "looking for a review of {it}",
    "build": "writing code for {it}",
    "experiment": "testing {it}",
    "judge": "judging {it}",
    "reflect": "recording what {it} has shown",
    "confirm": "checking what was supported on sealed data",
    "report": "writing the report",
}
ASKING = {
    "ideator": "asking for the next idea",
    "planner": "planning {it}",
    "verifier": "scoring the plans of {it}",
}
STEPS = {
    "smoke": "trying the code of {it}",
    "screened": "comparing {it} with what is known",
    "search": "searching for papers",
}
SPLITS = {
    "sealed": "checking {it} on sealed data",
    "control": "training {it} on wrong labels as a control",
    "control-regions": "training {it} on labels that are wrong by region as a control",
    "control-shifted": "trying {it} on inputs that are moved a little as a control",
    "control-sealed": "training {it} on wrong labels as a control of the sealed stage",
}


def activity(record: Record) -> str:
    """What is going on now, from what was intended and has no result yet."""
    if record.ended is not None:
        return f"ended: {record.ended.get('status', '')}"
    if record.away:
        return f"waiting for {line(', '.join(record.away), TITLE)} to answer"
    if not record.pending:
        return _named(BUSY.get(record.node, record.node or "starting"), record.current)
    (kind, key), newest = list(record.pending.items())[-1]
    alike = [payload for (other, _), payload in record.pending.items() if other == kind]
    if kind == "model":
        return _asking(record, newest, sum(one.get("role") == newest.get("role") for one in alike))
    if kind == "experiment":
        return _running(record, newest, alike)
    owner = key if key in record.hypotheses else record.owner(newest) or record.current
    if kind == "smoke" and not owner:
        return "watching the baseline run on a few examples"
    return _named(STEPS.get(kind, BUSY.get(record.node, f"busy with {kind}")), owner)


def learned(record: Record) -> str:
    """How many hypotheses are judged and how, and the best effect with its title."""
    looks = [look for look in record.verdicts.values() if look.hypothesis in record.hypotheses]
    if not looks:
        return "no hypothesis judged yet"
    kinds = Counter("suspect" if look.suspect else str(look.kind) for look in looks)
    names = [*map(str, VerdictKind), "suspect"]
    said = f"{count(len(looks), 'hypothesis')} judged: " + ", ".join(
        f"{kinds[name]} {name}" for name in names if kinds[name]
    )
    best = max((look for look in looks if look.effect is not None and not look.suspect), key=_effect, default=None)
    if best is None:
        return said
    return f"{said}; best effect {signed(best.effect)} ({line(record.hypotheses[best.hypothesis].title, TITLE)})"


def next_verdict(record: Record, now: float) -> str:
    """When the next verdict is due, by the newest pace of the run; `now` in Unix seconds."""
    if record.ended is not None or record.node in LAST_NODES:
        return "no further verdict is due"
    if record.pace is None:
        return "the next verdict has no estimate yet"
    at, pace = record.pace
    takes = pace.get("hypothesis_s")
    if takes is None:
        return "the next verdict has no estimate until one hypothesis is through"
    left = float(takes) - (record.elapsed(now) - max(at, record.judged_at))
    return f"next verdict in about {duration(left)}" if left >= 0 else f"next verdict is overdue by {duration(-left)}"


def _asking(record: Record, intent: dict[str, Any], together: int) -> str:
    role, owner = str(intent.get("role", "")), str(intent.get("hypothesis") or record.current)
    if role == "coder":
        return _named("writing code for {it}", owner) + _tries(record, intent, owner, together)
    if role == "extractor":
        return _named(BUSY["screen" if record.node == "screen" else "survey"], owner)
    return _named(ASKING.get(role, "asking a model"), owner)


def _tries(record: Record, intent: dict[str, Any], owner: str, together: int) -> str:
    """Which tries are written now, where the calls say whose they are."""
    if not any("hypothesis" in call for call in (intent, *record.calls)):
        return ""
    done = record.drafts[owner]
    first, last = done + 1, done + together
    return f" (try {first})" if together == 1 else f" (tries {first} to {last})"


def _running(record: Record, newest: dict[str, Any], pending: list[dict[str, Any]]) -> str:
    owner, split = record.owner(newest), newest.get("split")
    if split in SPLITS:
        return _named(SPLITS[split], owner)
    together = sum(record.owner(one) == owner and one.get("split") == split for one in pending)
    done = sum(one.split == split for one in record.of_hypothesis(owner or None))
    least = int((record.settings.get("judge") or {}).get("min_seeds", 0)) if owner else 0
    first, last = done + 1, done + together
    seeds = f"seed {first}" if together == 1 else f"seeds {first} to {last}"
    total = f" of {max(least, last)}" if owner else ""
    return f"running {seeds}{total} of {owner or 'the baseline'}"


def _named(text: str, hypothesis: str) -> str:
    return text.replace("{it}", hypothesis or "the hypothesis")


def _effect(look: Verdict) -> float:
    return look.effect or 0.0
