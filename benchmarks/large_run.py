"""Makes the folder of a long run from facts alone, without a loop: ledger, prompts, replies and logs.

Every text is drawn from a fixed seed, so that two runs of a size are the same. Words are as frequent as in real text:
the n-th word is drawn 1/n as often as the first.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.views import chain_rows
from memory.ledger.keys import canonical
from memory.ledger.ledger import Ledger
from memory.ledger.rows import Row
from pelagos.settings import Settings
from tools.opening import SYSTEM

PARTS = ("la", "ri", "mo", "te", "su", "vek", "nor", "dal", "pi", "gra", "hu", "zen", "co", "bli", "tra")
VOCABULARY = 6_000
TECHNIQUES = ("label smoothing", "cosine schedule", "weight decay", "mixup", "dropout", "batch norm", "warm restarts")
SEEDS = 3
BEGAN = 1_790_000_000.0
ARTIFACTS = "artifacts"


class LargeRun:
    """Draws the rows of a run with so many hypotheses, and writes the artifacts that they name into `folder`."""

    def __init__(self, folder: Path, hypotheses: int) -> None:
        self.folder, self.hypotheses = folder, hypotheses
        self._random = random.Random(7)
        self._words = ["".join(self._random.choices(PARTS, k=self._random.randint(2, 4))) for _ in range(VOCABULARY)]
        self._frequencies = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
        self._opening = self._draw_text(400)
        self._at = BEGAN

    def list_rows(self) -> Iterator[Row]:
        metric = {"name": "accuracy", "direction": "up", "unit": "", "min_effect": 0.01}
        started = {"task": "large", "settings": Settings().model_dump(mode="json"), "metric": metric, "guards": []}
        yield self._row("run.started", "run", started)
        yield self._row("version", "v0", self._version("v0", None, None))
        for seed in range(SEEDS):
            yield self._experiment("v0", None, seed, 0.8)
        for number in range(1, self.hypotheses + 1):
            yield from self._list_hypothesis_rows(f"h{number}", TECHNIQUES[number % len(TECHNIQUES)])
        yield self._row("run.ended", "1", {"status": "finished", "exit_code": 0, "reason": ""})

    def _list_hypothesis_rows(self, id: str, technique: str) -> Iterator[Row]:
        title, version = f"{technique} {self._draw_text(4)}", f"{id}-v"
        effect = self._random.gauss(0, 0.02)
        yield self._row("pace", id, {"hypothesis": id, "hypothesis_s": 60.0})
        yield self._row("node", f"{id}/ideate", {"node": "ideate", "hypothesis": id})
        yield self._call("ideator", id, 300, 80)
        statement = f"{technique} applied to {self._draw_text(12)}"
        noun = {"id": id, "title": title, "statement": statement, "rationale": self._draw_text(30)}
        yield self._row("hypothesis", id, {**noun, "refuted_by": "no gain", "target": "train.py::fit"})
        yield self._row("screened", id, {"hypothesis": id, "kept": True, "reason": "independent", "novelty": "novel"})
        yield self._call("planner", id, 350, 120)
        steps = [{"text": self._draw_text(12)} for _ in range(3)]
        scores = {"step_scores": [0.5, 0.6, 0.7], "score": 0.5}
        yield self._row("plan", f"{id}-p", {"id": f"{id}-p", "hypothesis": id, "steps": steps, **scores})
        yield self._call("coder", id, 500, 150)
        yield self._row("version", version, self._version(version, id, f"{id}-p"))
        build = {"id": f"{id}-b", "hypothesis": id, "plan": f"{id}-p", "version": version, "cause": ""}
        yield self._row("build", f"{id}-b", {**build, "tries": [{"index": 0, "kind": "draft", "cause": "ok"}]})
        for seed in range(SEEDS):
            yield self._experiment(version, id, seed, 0.8 + effect + self._random.gauss(0, 0.005))
        yield from self._list_result_rows(id, title, effect)

    def _list_result_rows(self, id: str, title: str, effect: float) -> Iterator[Row]:
        kind = "promising" if effect > 0.03 else "refuted" if effect < -0.02 else "undecided"
        numbers = {"value": effect, "low": effect - 0.01, "high": effect + 0.01, "p_value": 0.2, "seeds": SEEDS}
        measured = {"effect": {**numbers, "baseline_score": 0.8, "score": 0.8 + effect}}
        judged = {"id": f"{id}-j", "hypothesis": id, "kind": kind, "reason": self._draw_text(12), **measured}
        yield self._row("verdict", f"{id}-j", judged)
        diff = self._put(f"--- a/train.py\n+++ b/train.py\n-{self._draw_text(6)}\n+{self._draw_text(6)}\n")
        lesson = {"id": f"{id}-l", "hypothesis": id, "title": title, "target": "train.py::fit", "verdict": kind}
        more = {"seconds": 60.0, "tokens": 3000, "diff": diff, "text": self._draw_text(20), **measured}
        yield self._row("lesson", f"{id}-l", {**lesson, **more})

    def _call(self, role: str, hypothesis: str, read: int, written: int) -> Row:
        prompt = f"{self._opening}\n{self._draw_text(read)}"
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}]
        fact = {
            "role": role, "spec": "openai:model", "hypothesis": hypothesis, "messages": self._put(canonical(messages)),
            "text": self._draw_text(written), "tokens_in": 2 * read, "tokens_out": 2 * written, "seconds": 3.0,
            "cost": {"tokens": 2 * (read + written), "usd": 0.001, "experiments": 0, "disk_mb": 0.0},
        }  # fmt: skip
        return self._row("model", f"{hypothesis}/{role}", fact)

    def _experiment(self, version: str, hypothesis: str | None, seed: int, score: float) -> Row:
        id = f"{version}/{seed}"
        noun = {
            "id": id, "version": version, "hypothesis": hypothesis, "seed": seed, "split": "validation",
            "outcome": "ok", "score": score, "seconds": 5.0, "isolation": "bubblewrap",
            "files": {"log": self._put(f"epoch {seed} {self._draw_text(40)}")},
            "cost": {"tokens": 0, "usd": 0.0, "experiments": 1, "disk_mb": 0.0},
        }  # fmt: skip
        return self._row("experiment", id, noun)

    def _version(self, id: str, hypothesis: str | None, plan: str | None) -> dict[str, Any]:
        return {"id": id, "hypothesis": hypothesis, "plan": plan, "content": self._put(f"version {id}")}

    def _row(self, kind: str, key: str, payload: dict[str, Any]) -> Row:
        self._at += 1.0
        return Row(0, self._at, kind, key, canonical(payload), "")

    def _draw_text(self, words: int) -> str:
        return " ".join(self._random.choices(self._words, cum_weights=self._frequencies, k=words))

    def _put(self, text: str) -> str:
        """Write an artifact without waiting for the disk."""
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / ARTIFACTS / digest[:2] / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return digest


def make_large_run(folder: Path, hypotheses: int) -> Path:
    """Return the run folder, made where it isn't there yet."""
    ledger = folder / "ledger.db"
    if not ledger.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / "ledger.new"
        fresh.unlink(missing_ok=True)
        Ledger.open(fresh).close()
        with closing(sqlite3.connect(fresh)) as connection, connection:
            rows = chain_rows(LargeRun(folder, hypotheses).list_rows())
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
        fresh.rename(ledger)
    return folder
