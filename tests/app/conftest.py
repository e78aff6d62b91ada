"""A run folder as a run leaves it: real ledger and artifacts, facts of every kind, hostile texts among them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.nouns import (
    Build,
    Claim,
    Effect,
    Experiment,
    Hypothesis,
    Lesson,
    OutcomeKind,
    Plan,
    Step,
    Try,
    Verdict,
    Version,
)
from pelagos.settings import Settings

HOSTILE = "<script>alert(1)</script> <img src=http://example.org/x.png>"


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "demo"
    folder.mkdir(parents=True)
    store, ledger = ArtifactStore(folder / "artifacts"), Ledger.open(folder / "ledger.db")
    metric = {"name": "accuracy", "direction": "up", "unit": "", "min_effect": 0.01}
    settings = Settings().model_dump(mode="json")
    ledger.append("run.started", "run", {"task": "digits", "settings": settings, "metric": metric, "guards": []})
    _add = _make_adder(ledger)
    _add(Version(id="v0", hypothesis=None, plan=None, content=store.put_text("base")))
    for seed in (1, 2, 3):
        _add(_make_experiment(f"base{seed}", "v0", None, seed, 0.80 + seed / 100), cost={"experiments": 1})
    for index, (title, kind, effect) in enumerate([("Smooth labels", "supported", 0.05), (HOSTILE, "refuted", -0.03)]):
        id, version = f"h{index + 1}", f"v{index + 1}"
        _add(
            Hypothesis(
                id=id, title=title, statement=f"Do it {index}.", rationale=HOSTILE, predicted_effect=0.02,
                refuted_by="no gain", target="train.py::loss",
            )
        )  # fmt: skip
        hit = {
            "paper": "x",
            "title": HOSTILE,
            "date": "2026-01-02",
            "cosine": 0.7,
            "word": "variation",
            "reason": HOSTILE,
        }
        literature = {"judged_by": 7, "queries": [HOSTILE], "hits": [hit], "rediscovery": False}
        novelty = {"novelty": "variation", "novelty_reason": "variation: x", "literature": literature}
        screened = {"hypothesis": id, "kept": True, "reason": "independent", "cosine": 0.1}
        ledger.append("screened", id, screened | novelty)
        _add(Plan(id=f"{id}-p1", hypothesis=id, steps=[Step(text="Change the loss.")], step_scores=[0.9], score=0.9))
        _add(Version(id=version, hypothesis=id, plan=f"{id}-p1", content=store.put_text(version)))
        tries = [Try(index=0, kind="draft", cause="error", detail=HOSTILE), Try(index=1, kind="repair", cause="ok")]
        _add(Build(id=f"{id}-b", hypothesis=id, plan=f"{id}-p1", version=version, cause="", tries=tries))
        _add(_make_experiment(f"exp{index}", version, id, 1, 0.81 + effect), cost={"experiments": 1})
        _add(
            Verdict(
                id=f"{id}-v", hypothesis=id, kind=kind, evidence=[f"exp{index}"],
                effect=Effect(
                    value=effect, low=effect - 0.02, high=effect + 0.02, p_value=0.001, seeds=3, baseline_score=0.82,
                    score=0.82 + effect,
                ),
            )
        )  # fmt: skip
        diff = store.put_text("--- a/train.py\n+++ b/train.py\n-old\n+new </pre><script>x()</script>\n")
        _add(
            Lesson(
                id=f"{id}-l", hypothesis=id, title=title, target="t", verdict=kind, tokens=100, seconds=3.0,
                diff=diff, text="It helped.",
            )
        )  # fmt: skip
    _add(
        Claim(
            id="c1", hypothesis="h1", version="v-h1", level=0.05, left=0.1, held=True, reason="better on sealed data",
            effect=Effect(value=0.04, low=0.01, high=0.07, p_value=0.002, seeds=8, score=0.86), evidence=["exp0"],
        )
    )  # fmt: skip
    ledger.append("run.ended", "1", {"status": "finished", "exit_code": 0, "reason": ""})
    ledger.close()
    return folder


def _make_adder(ledger: Ledger) -> Callable[..., None]:
    def add(noun: object, cost: dict[str, int] | None = None) -> None:
        payload = json.loads(noun.model_dump_json())  # type: ignore[attr-defined]
        extra = {"cost": {"tokens": 0, "usd": 0.0, "experiments": 0, "disk_mb": 0.0} | cost} if cost else {}
        ledger.append(type(noun).__name__.lower(), noun.id, payload | extra)  # type: ignore[attr-defined]

    return add


def _make_experiment(id: str, version: str, hypothesis: str | None, seed: int, score: float) -> Experiment:
    return Experiment(
        id=id, version=version, hypothesis=hypothesis, seed=seed, split="validation", outcome=OutcomeKind.OK,
        score=score, seconds=1.5, isolation="bubblewrap",
    )  # fmt: skip
