"""Ideate: one hypothesis at a time, grounded in papers, addressed to a target the toolchain offers.

The prompt's stable part (program, papers, causal record of earlier cycles and runs) comes first, so that a server can
reuse it; what changes with every attempt (the hypotheses so far) comes last. The reply's `target` and `papers` are
enums.

A model that isn't strong is given one finding per attempt to build on, the least used so far, and the targets whose
material is nearest to it: left to choose, a 1.5B model proposed one change of the first target in 10 attempts of 10.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, pstdev
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.prompt import one_of, render
from agents.recall import recall
from agents.run import Run
from agents.state import State, Update
from pelagos.errors import BadReply
from pelagos.nouns import Hypothesis, Paper, RankedPaper

if TYPE_CHECKING:
    from memory.embedder import Embedder

TEMPLATE = Path(__file__).with_suffix(".j2")
TEMPERATURE = 0.9
NEAR_TARGETS = 2


class Idea(BaseModel):
    """What the ideator is asked for. Bounds keep a small model from rambling; the target follows from the title, so
    it comes after it."""

    model_config = ConfigDict(extra="forbid")

    papers: list[str] = Field(default=[], max_length=3)
    title: str = Field(min_length=3, max_length=300)
    target: str
    statement: str = Field(min_length=10, max_length=3000)
    rationale: str = Field(min_length=10, max_length=3000)
    predicted_effect: float = Field(ge=-1e6, le=1e6)
    refuted_by: str = Field(min_length=3, max_length=3000)


def ideate(state: State, run: Run) -> Update:
    """A reply that never fits costs one attempt and is noted."""
    attempt = state["attempt"] + 1
    id = f"h{state['cycle']}-{attempt}"
    if run.ledger.find("hypothesis", id) is not None:
        return {"attempt": attempt, "proposed": id}
    try:
        idea = _ask(state, attempt, run)
    except BadReply as error:
        run.say(f"{id}: no hypothesis in the reply: {error}")
        return {"attempt": attempt, "proposed": ""}
    run.record(Hypothesis(id=id, cycle=state["cycle"], **idea.model_dump()))
    return {"attempt": attempt, "proposed": id}


def _ask(state: State, attempt: int, run: Run) -> Idea:
    brief = run.toolchain.brief(run.task, run)
    papers, mind = run.papers(), run.model("ideator")
    focus = None if mind.strong else _focus(papers, run.nouns(Hypothesis))
    places = brief.targets if focus is None else _near(focus, brief.targets, run)
    scores = [one.score for one in run.experiments(run.baseline().id) if one.score is not None]
    prompt = render(
        TEMPLATE,
        brief=brief,
        metric=run.task.metric,
        score=fmean(scores),
        noise=pstdev(scores),
        seeds=len(scores),
        papers=papers,
        remembered=recall(state["cycle"], brief, run),
        earlier=_earlier(run),
        focus=focus,
        places=places,
    )
    schema = _schema(list(places), [focus] if focus else papers)
    return mind.ask_json(prompt, schema, sample=attempt, max_tokens=700, temperature=TEMPERATURE)


def _focus(papers: list[RankedPaper], earlier: list[Hypothesis]) -> RankedPaper | None:
    """The best ranked of the papers that the fewest hypotheses of the run build on."""
    used = Counter(id for hypothesis in earlier for id in hypothesis.papers)
    return min(papers, key=lambda ranked: used[ranked.paper.id], default=None)


def _near(focus: RankedPaper, targets: Mapping[str, str], run: Run) -> dict[str, str]:
    """The targets whose material is most like the paper, each with its docstring's first sentence: a small model takes
    longer ones for the change."""
    material = {target: run.toolchain.material(run.task, target, run) for target in targets}
    nearest = by_likeness(focus.paper, material, run.embedder)[:NEAR_TARGETS]
    return {target: targets[target].partition(". ")[0] for target in nearest}


def by_likeness(paper: Paper, material: Mapping[str, str], embedder: Embedder) -> list[str]:
    """The targets, the one whose material is most like the paper first; docs/benchmarks.md: how often it is right."""
    vectors = embedder.embed([f"{paper.title}. {paper.abstract} {paper.finding}", *material.values()])
    likeness = dict(zip(material, vectors[1:] @ vectors[0], strict=True))
    return sorted(material, key=lambda target: -likeness[target])


def _schema(targets: list[str], papers: list[RankedPaper]) -> type[Idea]:
    """With one paper only, it is named in any case."""
    fields: dict[str, Any] = {"target": (one_of(targets), ...)}
    if papers:
        known = one_of([ranked.paper.id for ranked in papers])
        named = Field(default=[], max_length=3) if papers[1:] else Field(min_length=1, max_length=1)
        fields["papers"] = (GenericAlias(list, (known,)), named)
    made: type[Idea] = create_model("Idea", __base__=Idea, **fields)
    return made


def _earlier(run: Run) -> list[tuple[Hypothesis, str]]:
    """Every hypothesis of the run so far with what screen said of it."""
    screened = {event.key: event.payload["reason"] for event in run.ledger.events("screened")}
    return [(one, screened[one.id]) for one in run.nouns(Hypothesis) if one.id in screened]
