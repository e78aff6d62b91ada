"""Chooses what ideation is told of the past, within a budget: lessons of the project's runs, and earlier titles.

The choice is made once per hypothesis and recorded, so that a resumed run asks the same question again, and so that a
person can see what a hypothesis was written from. All of it is quoted as data for the model that reads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.lessons.lessons import format_interval
from agents.run import Run
from memory.artifacts import ArtifactStore
from memory.bank.lesson_status import LessonStatus, effect_of
from memory.bank.selection import Lesson, select_lessons
from memory.files.project_runs import run_folder
from pelagos.errors import DamagedRun
from pelagos.facts.ideas import Recalled, Remembered
from pelagos.nouns import Hypothesis, Paper
from pelagos.quoting import quote_data, quote_line, quote_word
from tools.toolchain import Briefing

STRONG_MEMORY, SMALL_MEMORY = 1000, 250
CHARS_PER_TOKEN = 3
DIFF_CHARS = 800
STATUS_ORDER = (LessonStatus.WORKED, LessonStatus.PROMISING, LessonStatus.DEAD_END, LessonStatus.OPEN)


def recall_lessons(
    hypothesis: str, paper: Paper | None, brief: Briefing, strong: bool, run: Run
) -> dict[str, list[str]]:
    """Return status ("worked", "promising", "dead end", "open") -> the texts of the lessons for one hypothesis.

    The lessons nearest to the `paper` that it will be about are chosen; without one, those nearest to the task and its
    targets.
    """
    remembered = run.ledger.fact(Remembered, hypothesis)
    if remembered is None:
        remembered = run.ledger.record(_select_memory(paper, brief, _memory_budget(strong, run), run), hypothesis)
    texts: dict[str, list[str]] = {}
    for lesson in remembered.items:
        texts.setdefault(lesson.standing, []).append(lesson.text)
    return texts


def list_earlier_titles(run: Run) -> list[str]:
    """Return the newest titles of the run's hypotheses that fit the budget, the oldest first. They are only listed; the
    bank compares what the hypotheses are about."""
    tokens_left, titles = run.settings.loop.earlier, list[str]()
    for id in reversed(list(run.tally.hypotheses)):
        hypothesis = run.noun(Hypothesis, id)
        titles.append(f"{quote_line(hypothesis.title, 160)} at {quote_word(hypothesis.target)}")
        tokens_left -= _count_tokens(titles[-1])
        if tokens_left < 0:
            return titles[-2::-1]
    return titles[::-1]


def _memory_budget(strong: bool, run: Run) -> int:
    tokens = run.settings.loop.memory
    return tokens if tokens is not None else STRONG_MEMORY if strong else SMALL_MEMORY


def _select_memory(paper: Paper | None, brief: Briefing, budget: int, run: Run) -> Remembered:
    if not len(run.bank) or not budget:
        return Remembered(budget=budget, tokens=0, items=[])
    targets = [f"{target}: {description}" for target, description in brief.targets.items()]
    queries = [f"{paper.title}. {paper.finding}"] if paper else [f"{brief.topic}. {brief.description}", *targets]
    lessons = select_lessons(
        run.bank,
        run.task.name,
        run.embedder.embed(queries),
        budget,
        lambda lesson: _count_tokens(_describe_lesson(lesson, run)),
    )
    lessons.sort(key=lambda lesson: STATUS_ORDER.index(lesson.status))
    items = [_make_item(lesson, run) for lesson in lessons]
    return Remembered(budget=budget, tokens=sum(_count_tokens(lesson.text) for lesson in items), items=items)


def _make_item(lesson: Lesson, run: Run) -> Recalled:
    numbers = {"relevance": round(lesson.relevance, 4), "surprise": round(lesson.surprise, 2)}
    return Recalled(id=lesson.id, standing=lesson.status.value, text=_describe_lesson(lesson, run), **numbers)


def _describe_lesson(lesson: Lesson, run: Run) -> str:
    """Return what was changed and where, the effect, the cost and why it failed; of a success its diff as well."""
    meta = lesson.meta
    parts = [f"{quote_line(str(meta.get('title')), 160)} {_describe_place(meta, run)}: {_describe_effect(meta)}"]
    if meta.get("failure"):
        parts.append(f"failed: {quote_line(str(meta['failure']), 200)}")
    if meta.get("did"):
        parts.append(f"it did: {quote_line(str(meta['did']), 200)}")
    parts.append(f"cost: {meta.get('seconds', 0):.3g} s, {meta.get('tokens', 0)} tokens")
    diff = _read_diff(lesson, run)
    return "; ".join(parts) + (f"\n{quote_data(diff, DIFF_CHARS)}" if diff else "")


def _describe_place(meta: dict[str, Any], run: Run) -> str:
    """Return the target, or the name of another task; and the name of the run if it is another one."""
    same_task = meta.get("task") == run.task.name
    place = f"at {quote_word(str(meta.get('target')))}" if same_task else f"on task {quote_line(str(meta['task']), 80)}"
    return place if meta["run"] == run.origin.run else f"{place}, in run {quote_word(Path(meta['run']).name)}"


def _describe_effect(meta: dict[str, Any]) -> str:
    effect = effect_of(meta)
    if effect is None:
        return "never ran"
    metric = f" {meta['metric']}" if meta.get("metric") else ""
    text = f"{meta.get('verdict')}, effect {effect.value:+.4g}{metric}{format_interval(effect)}"
    predicted = meta.get("predicted_effect")
    return f"{text}, predicted {predicted:+.3g}" if predicted is not None else text


def _read_diff(lesson: Lesson, run: Run) -> str:
    """Return the diff of a version that worked on this task; "" if its run is gone."""
    meta = lesson.meta
    if (
        lesson.status not in (LessonStatus.WORKED, LessonStatus.PROMISING)
        or meta.get("task") != run.task.name
        or not meta.get("diff")
    ):
        return ""
    if meta["run"] == run.origin.run:
        return run.artifacts.text(meta["diff"])
    store = run_folder(run.project, meta["run"]) / "artifacts"
    try:
        return ArtifactStore(store).text(meta["diff"]) if store.is_dir() else ""
    except DamagedRun:  # another run's artifact, which this run doesn't need
        return ""


def _count_tokens(text: str) -> int:
    return len(text) // CHARS_PER_TOKEN + 1
