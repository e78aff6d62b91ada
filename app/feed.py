"""Events as lines for people. What only machines read (artifacts, checkpoints, single model calls) has no line."""

from __future__ import annotations

from typing import Any

from app.progress import activity
from app.record import Event, Record
from app.words import count, duration, line, signed

REASON = 90  # characters of why an endpoint is away


def told(record: Record, event: Event) -> str:
    """One line about `event`, or '' where it is not worth one. `record` has it folded in already."""
    teller = _TELLERS.get(event.kind)
    return line(teller(record, event.payload)) if teller else ""


def _title(record: Record, payload: dict[str, Any]) -> str:
    hypothesis = str(payload.get("hypothesis") or "")
    one = record.hypotheses.get(hypothesis)
    return f"{hypothesis} {one.title}" if one else hypothesis or "baseline"


def _node(record: Record, payload: dict[str, Any]) -> str:
    return activity(record)


def _pace(record: Record, payload: dict[str, Any]) -> str:
    takes, speed = payload.get("hypothesis_s"), _speed(payload)
    said = f"takes about {duration(float(takes))} here" if takes is not None else "is the first to be timed here"
    return f"{_title(record, payload)}: one hypothesis {said}" + (f" (the model {speed})" if speed else "")


def _speed(payload: dict[str, Any]) -> str:
    rates = (("reads", payload.get("read_tps")), ("writes", payload.get("write_tps")))
    return ", ".join(f"{verb} {rate:.3g} tokens/s" for verb, rate in rates if rate is not None)


def _hypothesis(record: Record, payload: dict[str, Any]) -> str:
    return f"{payload['id']} idea: {payload['title']}"


def _plan(record: Record, payload: dict[str, Any]) -> str:
    score = payload.get("score")
    steps = count(len(payload.get("steps", [])), "step")
    rated = f", scored {score:.2f}" if isinstance(score, float) else ""
    return f"{_title(record, payload)}: plan of {steps}{rated}"


def _build(record: Record, payload: dict[str, Any]) -> str:
    tries = len(payload.get("tries", []))
    became = "built" if payload.get("version") else f"did not build ({payload.get('cause')})"
    return f"{_title(record, payload)}: {became} after {tries} {'try' if tries == 1 else 'tries'}"


def _experiment(record: Record, payload: dict[str, Any]) -> str:
    score = payload.get("score")
    became = f"{score:.4g}" if isinstance(score, float | int) else payload.get("cause") or payload["outcome"]
    took = duration(float(payload.get("seconds", 0.0)))
    return f"{_title(record, payload)}: {payload['split']} seed {payload['seed']}: {became} in {took}"


def _attempt(record: Record, payload: dict[str, Any]) -> str:
    """The machinery's fault, and no result. Only an experiment says whose it is."""
    title = _title(record, {"hypothesis": record.current} | payload)
    return f"{title}: an attempt was spoiled from outside: {payload['cause']}"


def _verdict(record: Record, payload: dict[str, Any]) -> str:
    return f"{_title(record, payload)}: {payload['kind']}, effect {signed(payload.get('effect'))}"


def _confirmed(record: Record, payload: dict[str, Any]) -> str:
    became = "confirmed" if payload.get("confirmed") else "not confirmed"
    return f"{_title(record, payload)}: {became} on sealed data, effect {signed(payload.get('effect'))}"


def _model_fault(record: Record, payload: dict[str, Any]) -> str:
    return f"model fault: {payload.get('role', '')} {payload.get('error', payload.get('cause', ''))}"


def _note(record: Record, payload: dict[str, Any]) -> str:
    return str(payload.get("text", ""))


def _outage(record: Record, payload: dict[str, Any]) -> str:
    reason, pause = line(str(payload.get("reason", "")), REASON), duration(float(payload.get("next_s", 0.0)))
    return f"the model's endpoint does not answer ({reason}); waiting, next try in {pause}"


def _back(record: Record, payload: dict[str, Any]) -> str:
    return f"{payload.get('spec', '')} answers again after {duration(float(payload.get('seconds', 0.0)))}"


def _switch(record: Record, payload: dict[str, Any]) -> str:
    role, spec, before = (str(payload.get(name, "")) for name in ("role", "spec", "before"))
    if payload.get("back"):
        return f"{role}: {spec} is asked again"
    return f"{role}: {spec} is asked while {before} does not answer"


def _ended(record: Record, payload: dict[str, Any]) -> str:
    return f"run ended: {payload.get('status', '')} {payload.get('reason', '')}"


_TELLERS = {
    "node": _node,
    "pace": _pace,
    "hypothesis": _hypothesis,
    "plan": _plan,
    "build": _build,
    "experiment": _experiment,
    **dict.fromkeys(("experiment.attempt", "smoke.attempt", "scoring.attempt", "checks.attempt"), _attempt),
    "verdict": _verdict,
    "confirmed": _confirmed,
    "model.fault": _model_fault,
    "note": _note,
    "outage": _outage,
    "outage.over": _back,
    "model.switch": _switch,
    "run.ended": _ended,
}
