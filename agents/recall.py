"""What ideation is told of the past: lessons of this run and of the project's others, and titles, within a budget.

Chosen once per hypothesis and recorded, so that a resumed run asks the same question again, and that one can see what a
hypothesis was written from. Every word of it is data to the model that reads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.run import Run
from memory.artifacts import ArtifactStore
from memory.project_runs import folder_of
from memory.remember import Lesson, remember
from memory.standing import Standing
from pelagos.errors import DamagedRun
from pelagos.nouns import Hypothesis, Paper
from pelagos.quoting import data, line, word
from tools.toolchain import Briefing

KIND = "remembered"
STRONG_MEMORY, SMALL_MEMORY = 1000, 250
CHARS_PER_TOKEN = 3
DIFF_CHARS = 800
ORDER = (Standing.WORKED, Standing.DEAD_END, Standing.OPEN)


def recall(id: str, about: Paper | None, brief: Briefing, strong: bool, run: Run) -> dict[str, list[str]]:
    """Standing ("worked", "dead end", "open") -> what the hypothesis `id` is told of each lesson, ready for a prompt.

    Lessons count as near that are near to the paper it will be `about`, else to the task and its targets.
    """
    found = run.ledger.find(KIND, id)
    if found is None:
        found = run.ledger.append(KIND, id, _recalled(about, brief, _budget(strong, run), run)).payload
    told: dict[str, list[str]] = {}
    for item in found["items"]:
        told.setdefault(item["standing"], []).append(item["text"])
    return told


def earlier(run: Run) -> list[str]:
    """Titles of the run's hypotheses that fit the budget, the newest; what they are about is the bank's to compare."""
    left, told = run.settings.loop.earlier, list[str]()
    for id in reversed(list(run.tally.hypotheses)):
        one = run.noun(Hypothesis, id)
        told.append(f"{line(one.title, 160)} at {word(one.target)}")
        left -= _tokens(told[-1])
        if left < 0:
            return told[-2::-1]
    return told[::-1]


def _budget(strong: bool, run: Run) -> int:
    given = run.settings.loop.memory
    return given if given is not None else STRONG_MEMORY if strong else SMALL_MEMORY


def _recalled(about: Paper | None, brief: Briefing, budget: int, run: Run) -> dict[str, Any]:
    if not len(run.bank) or not budget:
        return {"budget": budget, "tokens": 0, "items": []}
    targets = [f"{where}: {what}" for where, what in brief.targets.items()]
    asked = [f"{about.title}. {about.finding}"] if about else [f"{brief.topic}. {brief.description}", *targets]
    chosen = remember(run.bank, run.task.name, run.embedder.embed(asked), budget, lambda one: _tokens(_text(one, run)))
    chosen.sort(key=lambda one: ORDER.index(one.standing))
    items = [_item(one, run) for one in chosen]
    return {"budget": budget, "tokens": sum(_tokens(one["text"]) for one in items), "items": items}


def _item(one: Lesson, run: Run) -> dict[str, Any]:
    near = {"relevance": round(one.relevance, 4), "surprise": round(one.surprise, 2)}
    return {"id": one.id, "standing": one.standing.value, **near, "text": _text(one, run)}


def _text(one: Lesson, run: Run) -> str:
    """What was changed and where, by how much, at what cost, why it failed; of a success its change as well."""
    meta = one.meta
    told = [f"{line(str(meta.get('title')), 160)} {_where(meta, run)}: {_effect(meta)}"]
    if meta.get("failure"):
        told.append(f"failed: {line(str(meta['failure']), 200)}")
    told.append(f"cost: {meta.get('seconds', 0):.3g} s, {meta.get('tokens', 0)} tokens")
    diff = _diff(one, run)
    return "; ".join(told) + (f"\n{data(diff, DIFF_CHARS)}" if diff else "")


def _where(meta: dict[str, Any], run: Run) -> str:
    """The target, or the other task; and the run, where it is another."""
    here = meta.get("task") == run.task.name
    place = f"at {word(str(meta.get('target')))}" if here else f"on task {line(str(meta['task']), 80)}"
    return place if meta["run"] == run.origin.run else f"{place}, in run {word(Path(meta['run']).name)}"


def _effect(meta: dict[str, Any]) -> str:
    if meta.get("effect") is None:
        return "never ran"
    metric = f" {meta['metric']}" if meta.get("metric") else ""
    text = f"{meta.get('verdict')}, effect {meta['effect']:+.4g}{metric}"
    if meta.get("low") is not None and meta.get("high") is not None:
        text += f" [{meta['low']:.4g}, {meta['high']:.4g}]"
    predicted = meta.get("predicted_effect")
    return f"{text}, predicted {predicted:+.3g}" if predicted is not None else text


def _diff(one: Lesson, run: Run) -> str:
    """The change of what worked on this task, where its run is still there."""
    meta = one.meta
    if one.standing is not Standing.WORKED or meta.get("task") != run.task.name or not meta.get("diff"):
        return ""
    if meta["run"] == run.origin.run:
        return run.artifacts.text(meta["diff"])
    store = folder_of(run.project, meta["run"]) / "artifacts"
    try:
        return ArtifactStore(store).text(meta["diff"]) if store.is_dir() else ""
    except DamagedRun:  # another run's artifact, which this run doesn't need
        return ""


def _tokens(text: str) -> int:
    return len(text) // CHARS_PER_TOKEN + 1
