"""Ideate: begin the lane's next hypothesis, where there is time and a place for one, and ask for its idea.

It is grounded in papers and addressed to a target the toolchain offers. The prompt begins as all prompts of the run do
(`tools/opening.py`); what changes with every idea comes last. The reply's `target` and `papers` are enums.

A model that isn't strong is given one finding to build on and the targets whose material is nearest to it, so that
ideas differ by construction: a finding that was tried at a target isn't offered for it again. Left to choose, a 1.5B
model proposed one change of the first target in 10 attempts of 10. It is asked for what is used later, nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, pstdev
from types import GenericAlias
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.begin import begin, tell_pace
from agents.likeness import by_place, nearest
from agents.prompt import one_of, render
from agents.recall import earlier, recall
from agents.run import Run
from agents.serving import serving
from agents.state import Lane, Update
from pelagos.errors import BadReply
from pelagos.nouns import Experiment, Hypothesis, Metric, RankedPaper
from tools.opening import opening
from tools.toolchain import Briefing

TEMPLATE = Path(__file__).with_suffix(".j2")
TEMPERATURE = 0.9
NEAR_TARGETS = 3


class Idea(BaseModel):
    """What any ideator is asked for. Bounds keep a small model from rambling; the target follows from the title, so it
    comes after it."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=3, max_length=300)
    target: str
    statement: str = Field(min_length=10, max_length=3000)


class Argued(Idea):
    """What a strong one is asked for as well."""

    papers: list[str] = Field(default=[], max_length=3)
    rationale: str = Field(min_length=10, max_length=3000)
    predicted_effect: float = Field(ge=-1e6, le=1e6)
    refuted_by: str = Field(min_length=3, max_length=3000)


def ideate(state: Lane, run: Run) -> Update:
    """A reply that never fits costs one attempt and is noted. Without time or place for one more the lane ends."""
    number = state["number"] + state["lanes"]
    id = f"h{number}"
    ended = begin(id, state, run)
    if ended:
        return {"status": "finished", "reason": ended}
    if run.facts.get("hypothesis", id) is None:
        try:
            with serving(id):
                run.record(_asked(id, number, run))
            tell_pace(id, run)
        except BadReply as error:
            run.say(f"{id}: no hypothesis in the reply: {error}")
            return {"number": number, "hypothesis": "", "fruitless": state["fruitless"] + 1}
    return {"number": number, "hypothesis": id}


def _asked(id: str, number: int, run: Run) -> Hypothesis:
    brief, mind, papers = run.toolchain.brief(run.task, run), run.model("ideator"), run.papers()
    tried = set(run.tally.tried)
    focus, near = (None, brief.targets) if mind.strong else _aimed(papers, tried, brief, run)
    base = run.validation().get(run.baseline().id, ())[: run.settings.judge.min_seeds]  # as the first idea saw it
    found = [run.noun(Experiment, one.id).score for one in base]
    scores = [score for score in found if score is not None]
    prompt = render(
        TEMPLATE,
        opening=opening(brief, run.task.metric),
        score=fmean(scores),
        noise=pstdev(scores),
        seeds=len(scores),
        papers=papers,
        remembered=recall(id, focus.paper if focus else None, brief, mind.strong, run),
        earlier=earlier(run) if mind.strong or focus is None else [],
        focus=focus,
        places=near,
        strong=mind.strong,
    )
    schema = _schema(list(near), papers, mind.strong)
    said = mind.ask_json(prompt, schema, sample=number, max_tokens=700 if mind.strong else 250, temperature=TEMPERATURE)
    return Hypothesis(id=id, **_filled(said, focus, run.task.metric))


def _filled(said: Idea, focus: RankedPaper | None, metric: Metric) -> dict[str, Any]:
    """A hypothesis' fields: what a small model isn't asked for follows from its finding and from the judge's rule."""
    if isinstance(said, Argued):
        return said.model_dump()
    finding = (focus.paper.finding or focus.paper.abstract) if focus else ""
    return {
        **said.model_dump(),
        "papers": [focus.paper.id] if focus else [],
        "rationale": f"It applies a finding: {finding}" if finding else "It was proposed without a paper.",
        "refuted_by": f"an interval of the effect on {metric.name} that stays below {metric.min_effect:g}",
    }


def _aimed(
    papers: Sequence[RankedPaper], tried: set[tuple[str, str]], brief: Briefing, run: Run
) -> tuple[RankedPaper | None, dict[str, str]]:
    """The finding that the fewest hypotheses build on, of these the one that has its place in the program, with the
    nearest targets it was not tried at; (None, all targets) where each was tried everywhere or there are none.

    Of a target the docstring's first sentence is told: a small model takes longer ones for the change.
    """
    used = Counter(paper for paper, _ in tried)
    for ranked in sorted(by_place(papers, run.likeness), key=lambda one: used[one.paper.id]):
        id = ranked.paper.id
        left = [target for target in brief.targets if (id, target) not in tried]
        if left:
            near = nearest(id, left, run.likeness)[:NEAR_TARGETS]
            return ranked, {target: brief.targets[target].partition(". ")[0] for target in near}
    return None, dict(brief.targets)


def _schema(targets: list[str], papers: Sequence[RankedPaper], strong: bool) -> type[Idea]:
    fields: dict[str, Any] = {"target": (one_of(targets), ...)}
    if strong and papers:
        known = one_of([ranked.paper.id for ranked in papers])
        fields["papers"] = (GenericAlias(list, (known,)), Field(default=[], max_length=3))
    base: type[Idea] = Argued if strong else Idea
    return create_model("Idea", __base__=base, **fields)
