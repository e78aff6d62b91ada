"""A run folder with as many hypotheses as one wants: rows of every kind in the sizes that a real long run has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.record.folders import LEDGER
from memory.ledger import repair
from memory.ledger.keys import canonical
from memory.ledger.rows import GENESIS, Row, chain_value
from pelagos.settings import Settings

KINDS = ("promising", "refuted", "equivalent", "undecided", "supported")
Payload = dict[str, Any]
Fact = tuple[str, str, Payload]


def write_long_run(folder: Path, hypotheses: int, lanes: int = 4) -> Path:
    """Write the ledger of a run in progress that has judged all but its last hypothesis."""
    folder.mkdir(parents=True)
    rows, chain = [], GENESIS
    for seq, (kind, key, payload) in enumerate(list_facts(hypotheses, lanes), 1):
        at, text = 1_790_000_000.0 + seq / 10, canonical(payload)
        chain = chain_value(chain, seq, at, kind, key, text)
        rows.append(Row(seq, at, kind, key, text, chain))
    repair.write_ledger(folder / LEDGER, rows)
    return folder


def list_facts(hypotheses: int, lanes: int) -> Iterator[Fact]:
    metric = {"name": "accuracy", "direction": "up", "unit": "", "min_effect": 0.01}
    settings = Settings().model_dump(mode="json")
    yield "run.started", "run", {"task": "digits", "settings": settings, "metric": metric, "guards": []}
    yield "clock.intent", "1", {}
    yield "version", "v0", {"id": "v0", "hypothesis": None, "plan": None, "content": "0" * 64}
    for seed in range(3):
        yield "experiment", f"base{seed}", _experiment(f"base{seed}", "v0", None, seed, 0.8)
    for number in range(1, hypotheses + 1):
        yield from _list_facts_of(number, (number - 1) % lanes, number == hypotheses)


def _list_facts_of(number: int, lane: int, unfinished: bool) -> Iterator[Fact]:
    id, version, effect = f"h{number}", f"v{number}", ((number * 7919) % 2000 - 1000) / 20_000
    words = f"technique {number % 97} of family {number % 13}"
    yield "node", f"{lane}/h{number - 1}/ideate/{number}", {"node": "ideate", "hypothesis": ""}
    yield "remembered", id, {"budget": 1000, "tokens": 900, "items": [_lesson(item) for item in range(12)]}
    yield "hypothesis", id, _hypothesis(id, number, words)
    yield "vector", id, {"embedder": "e", "dims": 384, "float32": "A" * 2048}
    yield "node", f"{lane}/{id}/screen/{number}", {"node": "screen", "hypothesis": id}
    yield "screened.intent", id, {}
    yield "screened", id, _screened(id)
    for sample, role in enumerate(("planner", "coder", "coder", "verifier")):
        yield "model.intent", f"{id}/{sample}", {"hypothesis": id, "role": role, "spec": "m"}
        yield "model", f"{id}/{sample}", _call(id, role)
    yield "plan", f"{id}-p1", {"id": f"{id}-p1", "hypothesis": id, "steps": [{"text": f"Use {words}."}], "score": 0.9}
    yield "node", f"{lane}/{id}/build/{number}", {"node": "build", "hypothesis": id}
    if unfinished:
        return
    yield "version", version, {"id": version, "hypothesis": id, "plan": f"{id}-p1", "content": "0" * 64}
    tries = [{"index": 0, "kind": "draft", "cause": "ok", "detail": "", "version": version}]
    build = {"id": f"{id}-b", "hypothesis": id, "plan": f"{id}-p1", "version": version, "cause": "", "tries": tries}
    yield "build", f"{id}-b", build
    for seed in range(4):
        yield "experiment.intent", f"{id}-{seed}", {"version": version, "seed": seed, "split": "validation"}
        yield "experiment", f"{id}-{seed}", _experiment(f"{id}-{seed}", version, id, seed, 0.8 + effect)
    yield "node", f"{lane}/{id}/judge/{number}", {"node": "judge", "hypothesis": id}
    measured = {"value": effect, "low": effect - 0.01, "high": effect + 0.01, "p_value": 0.5 - effect * 9, "seeds": 4}
    kind, evidence = KINDS[number % 5], [f"{id}-{seed}" for seed in range(4)]
    verdict = {"id": f"{id}-v", "hypothesis": id, "kind": kind, "reason": "as measured", "evidence": evidence}
    yield "verdict", f"{id}-v", verdict | {"effect": measured}
    lesson = {
        "id": f"{id}-l",
        "hypothesis": id,
        "title": words,
        "target": "t",
        "verdict": kind,
        "text": "It did. " * 20,
    }
    yield "lesson", f"{id}-l", lesson | {"seconds": 6.0, "tokens": 1200, "effect": measured}
    yield "note", f"{id} judged", {"text": f"{id} judged: {kind}"}


def _hypothesis(id: str, number: int, words: str) -> Payload:
    return {
        "id": id, "title": f"Hypothesis {number}: {words}", "statement": f"Use {words} in the loss. " * 4,
        "rationale": "A paper says so. " * 4, "predicted_effect": 0.01, "refuted_by": "no gain",
        "target": f"train.py::part{number % 11}",
    }  # fmt: skip


def _lesson(item: int) -> Payload:
    return {"id": f"r/h{item}", "standing": "worked", "relevance": 0.5, "surprise": 1.0, "text": "It did this. " * 15}


def _screened(id: str) -> Payload:
    hits = [{"paper": f"p{hit}", "title": "A paper of note", "date": "2020", "cosine": 0.3} for hit in range(5)]
    literature = {"kind": "variation", "reason": "near", "queries": ["one", "two"], "hits": hits, "judged_by": 5}
    return {"hypothesis": id, "kept": True, "reason": "independent", "novelty": "variation", "literature": literature}


def _call(id: str, role: str) -> Payload:
    cost = {"tokens": 300, "usd": 0.0, "experiments": 0, "disk_mb": 0.0}
    return {"role": role, "spec": "m", "hypothesis": id, "text": "def loss(): ...\n" * 20, "seconds": 1.0, "cost": cost}


def _experiment(id: str, version: str, hypothesis: str | None, seed: int, score: float) -> Payload:
    return {
        "id": id, "version": version, "hypothesis": hypothesis, "seed": seed, "split": "validation", "outcome": "ok",
        "score": score + seed / 500, "seconds": 1.5, "isolation": "bubblewrap", "guards": {"f1": 0.8},
        "cost": {"tokens": 0, "usd": 0.0, "experiments": 1, "disk_mb": 0.0},
    }  # fmt: skip
