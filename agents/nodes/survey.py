"""Survey: the papers of the local corpus, ranked by topic and task attributes (Dolphin, arXiv 2501.03916, section 3.1).

BM25 picks the candidates; the extractor states the task's attributes and scores each of the first candidates from 1
to 10 on topic and on attributes; the lower of the two must reach `survey.keep`. Where fewer than `FLOOR` do, the best
`FLOOR` go on all the same, and it is said. Done once per run; the corpus isn't read again. Titles and abstracts only.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agents.prompt import render
from agents.run import Run
from agents.state import State, Update
from pelagos.errors import BadReply
from pelagos.nouns import Paper, RankedPaper
from tools.literature import corpus

FLOOR = 3
KEY = "survey"
HERE = Path(__file__).parent


class Attributes(BaseModel):
    """What a task takes and gives."""

    model_config = ConfigDict(extra="forbid")

    input: str = Field(max_length=1500)
    output: str = Field(max_length=1500)
    others: str = Field(max_length=1500)


class Assessment(BaseModel):
    """One paper beside the task. The reason comes first, so that the scores follow it."""

    model_config = ConfigDict(extra="forbid")

    finding: str = Field(max_length=1500)
    reason: str = Field(max_length=1500)
    topic: int = Field(ge=1, le=10)
    attributes: int = Field(ge=1, le=10)


def survey(state: State, run: Run) -> Update:
    if run.ledger.find("survey", KEY) is not None:
        return {}
    papers = _candidates(run)
    if not papers:
        run.say("survey: no corpus; hypotheses go without papers and novelty is unknown")
        run.ledger.append("survey", KEY, {"attributes": None, "papers": [], "kept": [], "floor": False, "corpus": 0})
        return {}
    attributes = _attributes(run)
    ranked = _ranked(papers[: run.settings.survey.scored], attributes, run)
    kept = [one for one in ranked if one.score >= run.settings.survey.keep]
    floor = len(kept) < FLOOR
    chosen = ranked[:FLOOR] if floor else kept
    run.say(
        f"survey: {len(kept)} of {len(ranked)} papers reach {run.settings.survey.keep:g}{_floor_note(floor, chosen)}"
    )
    fact = {
        "attributes": attributes.model_dump(),
        "papers": [one.model_dump(mode="json") for one in ranked],
        "kept": [one.paper.id for one in chosen],
        "floor": floor,
        "corpus": len(papers),
    }
    run.ledger.append("survey", KEY, fact)
    return {}


def _floor_note(floor: bool, chosen: list[RankedPaper]) -> str:
    return f"; the best {len(chosen)} go on all the same" if floor else ""


def _candidates(run: Run) -> list[Paper]:
    """The corpus of the settings or the task's own, best BM25 first, at most `survey.papers`."""
    path = run.settings.survey.corpus or run.task.papers
    if path is None:
        return []
    papers = corpus.load(path)
    brief = run.toolchain.brief(run.task, run)
    scores = corpus.bm25(f"{brief.topic} {brief.description}", papers)
    order = sorted(range(len(papers)), key=lambda place: -scores[place])
    return [papers[place] for place in order[: run.settings.survey.papers]]


def _attributes(run: Run) -> Attributes:
    brief = run.toolchain.brief(run.task, run)
    prompt = render(HERE / "survey_attributes.j2", topic=brief.topic, description=brief.description)
    try:
        return run.model("extractor").ask_json(prompt, Attributes, max_tokens=300, temperature=0.0)
    except BadReply as error:
        run.say(f"survey: no task attributes in the reply, the description stands in: {error}")
        return Attributes(input="see the description", output="see the description", others=brief.description[:300])


def _ranked(papers: list[Paper], attributes: Attributes, run: Run) -> list[RankedPaper]:
    """Best first; of equals the better BM25."""
    with ThreadPoolExecutor(run.settings.models.parallel) as pool:
        ranked = list(pool.map(lambda paper: _assess(paper, attributes, run), papers))
    return sorted(ranked, key=lambda one: -one.score)


def _assess(paper: Paper, attributes: Attributes, run: Run) -> RankedPaper:
    """A paper whose scoring fails gets 1 and 1: the least."""
    brief = run.toolchain.brief(run.task, run)
    prompt = render(HERE / "survey_score.j2", topic=brief.topic, attributes=attributes, paper=paper)
    try:
        said = run.model("extractor").ask_json(prompt, Assessment, max_tokens=300, temperature=0.0)
    except BadReply as error:
        return RankedPaper(paper=paper, topic=1, attributes=1, reason=f"not scored: {error}"[:300])
    found = paper if paper.finding else paper.model_copy(update={"finding": said.finding})
    return RankedPaper(paper=found, topic=said.topic, attributes=said.attributes, reason=said.reason)
