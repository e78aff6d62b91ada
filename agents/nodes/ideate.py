"""Ideate: begins the lane's next hypothesis, if time and the number of hypotheses allow, and asks for its idea.

An idea rests on papers and names a target that the toolchain offers. The prompt begins like all prompts of the run
(`tools/opening.py`); what changes with every idea comes last. The reply's `target` and `papers` are enums.

A model that isn't strong gets one finding to build on and the targets whose material is most like it, so that ideas
differ by construction: a finding isn't offered again for a target that it was tried at. With a free choice, a 1.5B
model proposed one change of the first target in 10 attempts of 10. It is asked only for what is used later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean, pstdev
from types import GenericAlias
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.current_hypothesis import working_for
from agents.lessons.prompt_memory import list_earlier_titles, recall_lessons
from agents.literature.likeness import sort_papers, sort_targets
from agents.pacing.begin import record_first_pace, try_begin
from agents.review.more_evidence import take_request
from agents.review.proposals import record_targets, take_proposal
from agents.review.steering import read_wish
from agents.run import Run
from agents.state import Lane, Update
from pelagos.errors import BadReply
from pelagos.facts.ideas import Submission
from pelagos.facts.review import Proposed
from pelagos.nouns import Experiment, Hypothesis, Metric, RankedPaper
from tools.abilities import Proposing
from tools.opening import opening
from tools.prompt import one_of, render
from tools.toolchain import Briefing

TEMPLATE = Path(__file__).with_suffix(".j2")
TEMPERATURE = 0.9
NEAR_TARGETS = 3


class Idea(BaseModel):
    """The reply that every ideator is asked for. Bounds keep a small model from rambling; the target comes after the
    title, since it follows from it."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=3, max_length=300)
    target: str
    statement: str = Field(min_length=10, max_length=3000)


class ArguedIdea(Idea):
    """The reply that a strong model is asked for: an idea with its reasons."""

    papers: list[str] = Field(default=[], max_length=3)
    rationale: str = Field(min_length=10, max_length=3000)
    predicted_effect: float = Field(ge=-1e6, le=1e6)
    refuted_by: str = Field(min_length=3, max_length=3000)


def ideate(state: Lane, run: Run) -> Update:
    """A reply that stays unusable costs one attempt and is noted. Ends the lane if no hypothesis can be begun."""
    if again := take_request(run.ledger, run.tally.lessons, state["lane"], state["lanes"]):
        run.say(f"{again} is judged again: a reviewer wants more seeds for it")
        return {"hypothesis": again, "kept": True}
    number = state["number"] + state["lanes"]
    id = f"h{number}"
    has_idea = run.facts.get("hypothesis", id) is not None
    proposal = None if has_idea else take_proposal(run.ledger, id, state["lane"], state["lanes"])
    reason = try_begin(id, state, run, proposal is not None)
    if reason:
        return {"status": "finished", "reason": reason}
    if not has_idea:
        try:
            with working_for(id):
                hypothesis = _find_hypothesis(id, number, proposal, run)
        except BadReply as error:
            run.say(f"{id}: no hypothesis in the reply: {error}")
            return {"number": number, "hypothesis": "", "fruitless": state["fruitless"] + 1}
        if hypothesis is None:
            run.quota.leave(state["lane"])
            return {"status": "finished", "reason": _explain_no_more(run)}
        record_first_pace(id, run)
        run.record(hypothesis)  # last: after a kill, the pace of a recorded hypothesis isn't recorded any more
    return {"number": number, "hypothesis": id}


def _explain_no_more(run: Run) -> str:
    if run.submission is not None:
        return "the version that was handed in was judged before"
    return f"{run.toolchain.name}: the data have no more to test"


def _find_hypothesis(id: str, number: int, proposal: Proposed | None, run: Run) -> Hypothesis | None:
    """Return what a person proposed, or the hypothesis that was handed in, which is the first and only one; or the
    toolchain's next hypothesis, None if it has no more, where it finds them in the data; else ask the ideator."""
    if proposal is not None:
        return _adopt(id, proposal, f"{proposal.by or 'A reviewer'} proposed it.", run.task.metric)
    if run.submission is not None:
        reason = "It was handed in with its program."
        return _adopt(id, run.submission, reason, run.task.metric) if number == 1 else None
    if isinstance(run.toolchain, Proposing):
        return run.toolchain.propose(run.task, id, run)
    return _ask_for_idea(id, number, run)


def _adopt(id: str, given: Proposed | Submission, rationale: str, metric: Metric) -> Hypothesis:
    """Return the hypothesis that a person or another agent gave."""
    return Hypothesis(
        id=id,
        title=given.title,
        statement=given.statement,
        target=given.target,
        rationale=rationale,
        refuted_by=_describe_refutation(metric),
    )


def _describe_refutation(metric: Metric) -> str:
    """Return the judge's own rule, where nobody names another observation."""
    return f"an interval of the effect on {metric.name} that stays below {metric.min_effect:g}"


def _ask_for_idea(id: str, number: int, run: Run) -> Hypothesis:
    """Raises BadReply if no reply fits, and what models raise."""
    brief, model, papers = run.toolchain.brief(run.task, run), run.model("ideator"), run.papers()
    record_targets(run.ledger, brief.targets)
    tried = set(run.tally.tried)
    focus, targets = (None, brief.targets) if model.strong else _choose_focus(papers, tried, brief, run)
    scores = _list_baseline_scores(run)
    prompt = render(
        TEMPLATE,
        opening=opening(brief, run.task.metric),
        score=fmean(scores),
        noise=pstdev(scores),
        seeds=len(scores),
        papers=papers,
        remembered=recall_lessons(id, focus.paper if focus else None, brief, model.strong, run),
        earlier=list_earlier_titles(run) if model.strong or focus is None else [],
        focus=focus,
        targets=targets,
        wish=read_wish(run.ledger, id),
        strong=model.strong,
    )
    schema = _make_schema(tuple(targets), tuple(ranked.paper.id for ranked in papers), model.strong)
    max_tokens = 700 if model.strong else 250
    idea = model.ask_json(prompt, schema, sample=number, max_tokens=max_tokens, temperature=TEMPERATURE)
    return Hypothesis(id=id, **_make_fields(idea, focus, run.task.metric))


def _list_baseline_scores(run: Run) -> list[float]:
    """Return the baseline's scores on the seeds of the first look only, so that all prompts show the same numbers."""
    refs = run.validation().get(run.baseline().id, ())[: run.settings.judge.min_seeds]
    scores = [run.noun(Experiment, ref.id).score for ref in refs]
    return [score for score in scores if score is not None]


def _make_fields(idea: Idea, focus: RankedPaper | None, metric: Metric) -> dict[str, Any]:
    """Return a hypothesis' fields. What a small model isn't asked for follows from its finding and the judge's rule."""
    if isinstance(idea, ArguedIdea):
        return idea.model_dump()
    finding = (focus.paper.finding or focus.paper.abstract) if focus else ""
    return {
        **idea.model_dump(),
        "papers": [focus.paper.id] if focus else [],
        "rationale": f"It applies a finding: {finding}" if finding else "It was proposed without a paper.",
        "refuted_by": _describe_refutation(metric),
    }


def _choose_focus(
    papers: Sequence[RankedPaper], tried: set[tuple[str, str]], brief: Briefing, run: Run
) -> tuple[RankedPaper | None, dict[str, str]]:
    """Choose a finding to build on. Returns it with the targets most like it that it wasn't tried at (target ->
    description); (None, all targets) if there are no findings or each was tried everywhere.

    It is the finding that the fewest hypotheses build on, and of these the first by rank and likeness to a target. Each
    description is the docstring's first sentence: a small model takes longer ones for the change.
    """
    uses = Counter(paper for paper, _ in tried)
    for ranked in sorted(sort_papers(papers, run.likeness), key=lambda ranked: uses[ranked.paper.id]):
        paper = ranked.paper.id
        untried = [target for target in brief.targets if (paper, target) not in tried]
        if untried:
            nearest = sort_targets(paper, untried, run.likeness)[:NEAR_TARGETS]
            return ranked, {target: brief.targets[target].partition(". ")[0] for target in nearest}
    return None, dict(brief.targets)


@lru_cache(maxsize=64)
def _make_schema(targets: tuple[str, ...], papers: tuple[str, ...], strong: bool) -> type[Idea]:
    """Return the schema of the reply. Cached: a new class for every idea costs milliseconds, and memory that a long run
    doesn't get back."""
    fields: dict[str, Any] = {"target": (one_of(targets), ...)}
    if strong and papers:
        fields["papers"] = (GenericAlias(list, (one_of(papers),)), Field(default=[], max_length=3))
    parent: type[Idea] = ArguedIdea if strong else Idea
    return create_model("Idea", __base__=parent, **fields)
