"""A finished run in which every text that a model, a program, a paper or a person writes is a hostile one."""

from __future__ import annotations

import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call, ModelFault
from pelagos.facts.drive import Note
from pelagos.facts.fact import dump_payload, find_kind
from pelagos.facts.ideas import Hit, Novelty, Screened, Survey
from pelagos.nouns import (
    Build,
    Effect,
    Experiment,
    Fidelity,
    Hypothesis,
    Lesson,
    OutcomeKind,
    Paper,
    Plan,
    RankedPaper,
    Step,
    Try,
    Verdict,
    VerdictKind,
    Version,
)
from pelagos.settings import Settings

PAYLOADS: list[str] = [
    text.replace("PWN", "window.__pwned=1")
    for text in tomllib.loads(Path(__file__).with_name("payloads.toml").read_text())["payloads"]
]


def make_hostile_run(folder: Path) -> list[str]:
    """Make the run, a hypothesis per payload; return the digests of artifacts: one per payload, then one of all."""
    store = ArtifactStore(folder / "artifacts")
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        first = PAYLOADS[0]
        metric = {"name": first, "direction": "up", "unit": PAYLOADS[6][:40], "min_effect": 0.01}
        settings = Settings().model_dump(mode="json")
        ledger.append("run.started", "run", {"task": first, "settings": settings, "metric": metric, "guards": []})
        papers = [
            RankedPaper(
                paper=Paper(id=f"p{index}", title=text, abstract=text, url=f"javascript:{text}"), topic=9, attributes=9
            )
            for index, text in enumerate(PAYLOADS)
        ]
        ledger.record(Survey(papers=papers), "survey")
        ledger.record(Version(id="v0", hypothesis=None, plan=None, content=store.put_text(first)), "v0")
        ledger.record(_make_experiment("e0", "v0", None, store.put_text(first)), "e0")
        for index in range(len(PAYLOADS)):
            _add_hypothesis(ledger, store, index)
        ledger.append("run.ended", "1", {"status": "failed", "exit_code": 1, "reason": "\n".join(PAYLOADS)})
    return [store.put_text(text) for text in (*PAYLOADS, "\n".join(PAYLOADS))]


def _add_hypothesis(ledger: Ledger, store: ArtifactStore, index: int) -> None:
    """Add a hypothesis whose texts are all the payload of this index."""
    text, id, version = PAYLOADS[index], f"h{index + 1}", f"v{index + 1}"
    log = store.put_text(text)
    effect = Effect(value=0.01, low=0.0, high=0.02, p_value=0.2, seeds=3, baseline_score=0.8, score=0.81)
    hit = Hit(paper="p0", title=text, date=text, cosine=0.7, word="variation", reason=text)
    literature = Novelty(kind="variation", reason=text, queries=[text], hits=[hit], judged_by=3)
    steps = [Step(text=text, call={"tool": text, "arguments": {text: text}})]
    tries = [Try(index=0, kind="draft", cause="error", detail=text)]
    facts: list[Any] = [
        Note(text=text),
        ModelFault(role="coder", spec=text, hypothesis=id, cause="reply", error=text),
        Call(role="coder", spec=text, hypothesis=id, text=text, messages=_put_messages(store, text), tokens_out=5),
        Hypothesis(
            id=id, title=text, statement=text, rationale=text, refuted_by=text, target=text, papers=[f"p{index}"]
        ),
        Screened(
            hypothesis=id, kept=True, reason=text, novelty="variation", novelty_reason=text, literature=literature
        ),
        Plan(
            id=f"{id}-p", hypothesis=id, steps=steps, step_scores=[0.5], step_reasons=[text], verifier=text, note=text
        ),
        Version(id=version, hypothesis=id, plan=f"{id}-p", content=log, summary=text),
        Build(id=f"{id}-b", hypothesis=id, plan=f"{id}-p", version=version, cause="", tries=tries),
        _make_experiment(f"{id}-e", version, id, log),
        Fidelity(id=version, hypothesis=id, description=text, answer="partly", evidence=[text], by=text),
        Verdict(id=f"{id}-j", hypothesis=id, kind=VerdictKind.UNDECIDED, reason=text, suspect=[text], effect=effect),
        Lesson(id=f"{id}-l", hypothesis=id, title=text, target=text, verdict=None, diff=log, did=text, text=text),
    ]
    for fact in facts:
        kind = find_kind(type(fact))
        ledger.append(kind, f"{kind}/{id}", dump_payload(fact))


def _put_messages(store: ArtifactStore, text: str) -> str:
    return store.put_json([{"role": text, "content": text}, {"role": "user", "content": text}])


def _make_experiment(id: str, version: str, hypothesis: str | None, log: str) -> Experiment:
    return Experiment(
        id=id, version=version, hypothesis=hypothesis, seed=1, split="validation", outcome=OutcomeKind.ERROR,
        cause=PAYLOADS[4], isolation=PAYLOADS[5], files={"log": log, PAYLOADS[7]: log},
    )  # fmt: skip
