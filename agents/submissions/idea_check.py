"""Checks an idea without running anything: what the project's bank and the literature have that is like it, and what a
run would make of it at screening."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agents.literature.novelty import check_novelty
from agents.setup.assembly import Assembly
from agents.setup.idea_desk import IdeaDesk, open_idea_desk
from agents.submissions.idea_text import IdeaText
from memory.bank.backfill import Origin, make_entry
from memory.bank.bank import Decision, Neighbour
from memory.bank.lesson_status import describe_result, lesson_status
from memory.bank.vector_file import Vector
from memory.embedders.hashing import HashingEmbedder
from pelagos.errors import ModelTimeout, ModelUnavailable
from pelagos.facts.ideas import Novelty
from pelagos.nouns import Hypothesis, NoveltyRule
from pelagos.settings import Settings
from tools import registry
from tools.toolchain import Task

NEAREST = 5
Fate = Literal["tested", "tested, said to be known", "thrown out", "unknown"]


@dataclass(frozen=True)
class Earlier:
    """An earlier hypothesis of the project. `status`: dead end, worked, promising, open, pending or untested."""

    id: str
    title: str
    task: str
    cosine: float
    status: str
    result: str
    lesson: str


@dataclass(frozen=True)
class IdeaCheck:
    """`fate`: what a run of the task would do with the idea, and `reason` why; unknown without a task. `compared_by`:
    who says how near papers are. `unreached`: what the check could not look at, one line each."""

    title: str
    statement: str
    task: str
    fate: Fate
    reason: str
    rule: NoveltyRule
    tau: float
    earlier: list[Earlier]
    novelty: Novelty
    compared_by: str
    unreached: list[str]


def check_idea(
    project: Path, idea: IdeaText, settings: Settings, task_ref: str = "", assembly: Assembly | None = None
) -> IdeaCheck:
    """Compare the idea with the bank and with the literature. Near papers are compared by the extractor where it is a
    strong model, else by the cosine alone. Raises BadInput and MissingPart."""
    task = registry.task(task_ref)[0] if task_ref else None
    hypothesis, text = _make_hypothesis(idea), f"{idea.title}. {idea.statement}"
    with (
        warnings.catch_warnings(action="ignore"),
        open_idea_desk(text, project, settings, task, assembly or Assembly()) as desk,
    ):
        vector = desk.embedder.embed([text])[0]
        tau = settings.screen.tau if settings.screen.tau is not None else desk.embedder.tau
        decision = _decide(hypothesis, task, vector, tau, desk)
        novelty = _check_novelty(hypothesis, desk)
        rule = settings.screen.novelty or (task.novelty if task else "label")
        fate, reason = _foresee(decision, novelty, rule)
        return IdeaCheck(
            title=idea.title,
            statement=idea.statement,
            task=task.name if task else "",
            fate=fate,
            reason=reason,
            rule=rule,
            tau=tau,
            earlier=[_describe_earlier(neighbour) for neighbour in _list_nearest(vector, desk)],
            novelty=novelty,
            compared_by=desk.compared_by,
            unreached=_list_unreached(desk),
        )


def _make_hypothesis(idea: IdeaText) -> Hypothesis:
    return Hypothesis(
        id="idea", title=idea.title, statement=idea.statement, rationale="", refuted_by="", target="", papers=[]
    )


def _decide(hypothesis: Hypothesis, task: Task | None, vector: Vector, tau: float, desk: IdeaDesk) -> Decision | None:
    """Return what the bank would decide, None without a task."""
    if task is None:
        return None
    entry = make_entry(hypothesis, Origin("", task.name))
    return desk.bank.decide(entry, vector, tau) if desk.bank else Decision(True, "independent", "", None)


def _check_novelty(hypothesis: Hypothesis, desk: IdeaDesk) -> Novelty:
    try:
        return check_novelty(hypothesis, desk)
    except (ModelUnavailable, ModelTimeout) as error:
        desk.say(f"{desk.compared_by} does not answer, so the cosine alone decides: {error}")
        desk.ask_no_model()
        return check_novelty(hypothesis, desk)


def _foresee(decision: Decision | None, novelty: Novelty, rule: NoveltyRule) -> tuple[Fate, str]:
    if decision is None:
        return "unknown", "no task was named, and what repeats an earlier hypothesis depends on the task"
    if not decision.kept:
        return "thrown out", decision.reason
    if novelty.kind != "known":
        return "tested", decision.reason
    if rule == "require":
        return "thrown out", novelty.reason
    return "tested, said to be known", f"{novelty.reason}; {decision.reason}"


def _list_nearest(vector: Vector, desk: IdeaDesk) -> list[Neighbour]:
    return desk.bank.search(vector, NEAREST) if desk.bank else []


def _describe_earlier(neighbour: Neighbour) -> Earlier:
    meta = neighbour.meta
    return Earlier(
        id=neighbour.id,
        title=str(meta.get("title", "")),
        task=str(meta.get("task", "")),
        cosine=round(neighbour.cosine, 3),
        status=lesson_status(meta).value,
        result=describe_result(meta),
        lesson=str(meta.get("text", "")),
    )


def _list_unreached(desk: IdeaDesk) -> list[str]:
    lines = list(desk.said)
    if desk.bank is None:
        lines.append("bank: this project has none yet: no run was made here, so nothing is known of earlier hypotheses")
    if desk.literature.offline:
        sources = ", ".join(source.name for source in desk.literature.live)
        local = len(desk.literature.corpus.papers)
        lines.append(f"literature: none of {sources} answered: judged against {local} local papers and the library")
    if desk.embedder.id == HashingEmbedder.ID:
        lines.append("embedder: hashing: likeness is that of spelling only")
    return lines
