"""Describes what a run does now, its verdicts so far, and when the next one is due. Pure functions of a record."""

from __future__ import annotations

from collections import Counter

from app.formatting import format_duration, format_effect, format_line
from app.live.board import find_best_verdict
from app.record.record import Record
from pelagos.counts import format_count
from pelagos.facts.work import Intent
from pelagos.nouns import VerdictKind

TITLE_LENGTH = 60
LAST_NODES = {"confirm", "report"}
NODE_TEXTS = {
    "baseline": "measuring the baseline",
    "survey": "reading the literature",
    "ideate": "asking for the next idea",
    "screen": "comparing {hypothesis} with what is known",
    "plan": "planning {hypothesis}",
    "gate": "waiting for the review of {hypothesis}",
    "glance": "looking for a review of {hypothesis}",
    "build": "building a version of {hypothesis}",
    "experiment": "testing {hypothesis}",
    "judge": "judging {hypothesis}",
    "reflect": "recording what {hypothesis} has shown",
    "claim": "testing {hypothesis} on sealed data",
    "confirm": "testing what is promising on sealed data",
    "report": "writing the report",
}
ROLE_TEXTS = {
    "ideator": "asking for the next idea",
    "planner": "planning {hypothesis}",
    "verifier": "scoring the plans of {hypothesis}",
}
STEP_TEXTS = {
    "smoke": "trying the code of {hypothesis}",
    "screened": "comparing {hypothesis} with what is known",
    "search": "searching for papers",
}
SPLIT_TEXTS = {
    "sealed": "testing {hypothesis} on sealed data",
    "control": "training {hypothesis} on wrong labels as a control",
    "control-regions": "training {hypothesis} on labels that are wrong by region as a control",
    "control-shifted": "trying {hypothesis} on inputs that are moved a little as a control",
    "control-sealed": "training {hypothesis} on wrong labels as a control of the sealed stage",
}


def describe_activity(record: Record) -> str:
    """Describe what the run does now, by the intended steps that have no result yet."""
    if record.ended is not None:
        return f"ended: {record.ended.status}"
    if record.outages:
        return f"waiting for {format_line(', '.join(record.outages), TITLE_LENGTH)} to answer"
    if not record.pending:
        return describe_node(record.current_node, record.current_hypothesis)
    (kind, key), newest = list(record.pending.items())[-1]
    alike = [intent for (other, _), intent in record.pending.items() if other == kind]
    if kind == "model":
        return _describe_call(record, newest, sum(intent.role == newest.role for intent in alike))
    if kind == "experiment":
        return _describe_running(record, newest, alike)
    owner = key if key in record.proposed else record.find_owner(newest) or record.current_hypothesis
    if kind == "smoke" and not owner:
        return "watching the baseline run on a few examples"
    return _insert_hypothesis(STEP_TEXTS.get(kind, NODE_TEXTS.get(record.current_node, f"busy with {kind}")), owner)


def describe_node(node: str, hypothesis: str) -> str:
    """Describe what a run does in a node, "" before the first, for a hypothesis."""
    return _insert_hypothesis(NODE_TEXTS.get(node, node or "starting"), hypothesis)


def summarize_verdicts(record: Record) -> str:
    """Return the numbers of hypotheses by verdict, and the best effect with its title."""
    verdicts = [verdict for verdict in record.verdicts.values() if verdict.hypothesis in record.proposed]
    if not verdicts:
        return "no hypothesis judged yet"
    kinds = Counter("suspect" if verdict.suspect else str(verdict.kind) for verdict in verdicts)
    kinds_in_order = [*map(str, VerdictKind), "suspect"]
    summary = f"{format_count(len(verdicts), 'hypothesis')} judged: " + ", ".join(
        f"{kinds[kind]} {kind}" for kind in kinds_in_order if kinds[kind]
    )
    best = find_best_verdict(record)
    if best is None:
        return summary
    title = record.find_title(best.hypothesis) if best.hypothesis in record.hypotheses else best.hypothesis
    return f"{summary}; best effect {format_effect(best.effect)} ({format_line(title, TITLE_LENGTH)})"


def estimate_next_verdict(record: Record, now: float) -> str:
    """Return when the next verdict is due, by the newest pace of the run; `now` is in Unix seconds."""
    if record.ended is not None or record.current_node in LAST_NODES:
        return "no further verdict is due"
    if record.pace is None:
        return "the next verdict has no estimate yet"
    paced_s, pace = record.pace
    duration_s = pace.hypothesis_s
    if duration_s is None:
        return "the next verdict has no estimate until one hypothesis is through"
    left_s = duration_s - (record.compute_elapsed(now) - max(paced_s, record.last_verdict_s))
    return (
        f"next verdict in about {format_duration(left_s)}"
        if left_s >= 0
        else f"next verdict is overdue by {format_duration(-left_s)}"
    )


def _describe_call(record: Record, intent: Intent, calls: int) -> str:
    role, owner = intent.role or "", intent.hypothesis or record.current_hypothesis
    if role == "coder":
        return _insert_hypothesis("writing code for {hypothesis}", owner) + _describe_tries(
            record, intent, owner, calls
        )
    if role == "extractor":
        return _insert_hypothesis(NODE_TEXTS["screen" if record.current_node == "screen" else "survey"], owner)
    return _insert_hypothesis(ROLE_TEXTS.get(role, "asking a model"), owner)


def _describe_tries(record: Record, intent: Intent, owner: str, calls: int) -> str:
    """Return the numbers of the tries that are written now, where model calls name their hypothesis."""
    if intent.hypothesis is None and not record.calls_name_hypotheses:
        return ""
    finished = record.coder_calls[owner]
    first, last = finished + 1, finished + calls
    return f" (try {first})" if calls == 1 else f" (tries {first} to {last})"


def _describe_running(record: Record, newest: Intent, pending: list[Intent]) -> str:
    owner, split = record.find_owner(newest), newest.split
    if split in SPLIT_TEXTS:
        return _insert_hypothesis(SPLIT_TEXTS[split], owner)
    running = sum(record.find_owner(other) == owner and other.split == split for other in pending)
    finished = sum(other.split == split for other in record.experiments.list_of(owner or None))
    min_seeds = int((record.settings.get("judge") or {}).get("min_seeds", 0)) if owner else 0
    first, last = finished + 1, finished + running
    seeds = f"seed {first}" if running == 1 else f"seeds {first} to {last}"
    total = f" of {max(min_seeds, last)}" if owner else ""
    return f"running {seeds}{total} of {owner or 'the baseline'}"


def _insert_hypothesis(text: str, hypothesis: str) -> str:
    return text.replace("{hypothesis}", hypothesis or "the hypothesis")
