"""Survey: gathers papers, ranks them by topic and task attributes (Dolphin, arXiv 2501.03916, section 3.1), and cuts.

The steps are files of `agents/literature`. With a strong model, papers whose score reaches `survey.keep` stay; if fewer
than `MIN_PAPERS` do, the best `MIN_PAPERS` stay all the same, and a note says so. A small model is asked nothing, and
every paper stays, ordered by words and embedding: each of its hypotheses takes another finding, so a long run needs
many. If few papers were found, findings of the shipped library follow. The survey is made once per run.
"""

from __future__ import annotations

from agents.literature.attributes import describe_task, extract_attributes
from agents.literature.fill import fill_from_library
from agents.literature.gather import gather_papers
from agents.literature.novelty import novelty_rule
from agents.literature.purity import measure_purity
from agents.literature.ranking import MIN_PAPERS, asks_model, preselect, rank, score_of, scores_papers
from agents.review.proposals import record_targets
from agents.run import Run
from agents.state import State, Update
from pelagos.facts.ideas import Survey
from pelagos.nouns import RankedPaper
from tools.abilities import Proposing

RULES = {
    "label": "novelty: hypotheses that the literature has already are tried all the same, and said to be known",
    "require": "novelty: hypotheses that the literature has already are thrown out",
}


def survey(state: State, run: Run) -> Update:
    if run.ledger.fact(Survey, Survey.KIND) is not None:
        return {}
    run.say(RULES[novelty_rule(run)])
    brief, max_papers = run.toolchain.brief(run.task, run), run.settings.survey.papers
    asked = asks_model(run) and bool(run.literature.live or run.literature.corpus.papers[MIN_PAPERS:max_papers])
    record_targets(run.ledger, brief.targets, isinstance(run.toolchain, Proposing))
    attributes = extract_attributes(run) if asked else describe_task(run)
    query = f"{brief.topic} {brief.description} {attributes.input} {attributes.output}"
    papers = preselect(query, gather_papers(attributes, run), run.embedder)[:max_papers]
    ranked = rank(papers, attributes, run)
    chosen, floor = _cut(ranked, run)
    library = fill_from_library(papers, query, run)
    result = Survey(
        attributes=attributes.model_dump() if asked else None,
        papers=[*ranked, *library],
        kept=[item.paper.id for item in [*chosen, *library]],
        floor=floor,
        ranking=run.settings.survey.ranking,
        corpus=len(papers),
        library=len(library),
        purity=measure_purity(attributes, papers, [item.paper for item in chosen]) if asked else None,
    )
    run.ledger.record(result, Survey.KIND)
    return {}


def _cut(ranked: list[RankedPaper], run: Run) -> tuple[list[RankedPaper], bool]:
    """Return the papers that stay, and whether too few reached the score, so that these are the best `MIN_PAPERS`."""
    if not ranked:
        run.say("survey: no papers were found, so novelty is unknown")
        return [], False
    scored = scores_papers([item.paper for item in ranked], run)
    if not scored or not run.model("extractor").strong:
        order = "ranked by the small model" if scored else "by words and embedding alone"
        run.say(f"survey: all {len(ranked)} papers go on, {order}")
        return ranked, False
    min_score = run.settings.survey.keep
    kept = [item for item in ranked if score_of(item, run) >= min_score]
    floor = len(kept) < MIN_PAPERS
    chosen = ranked[:MIN_PAPERS] if floor else kept
    note = f"; the best {len(chosen)} go on all the same" if floor else ""
    run.say(f"survey: {len(kept)} of {len(ranked)} papers reach {min_score:g}{note}")
    return chosen, floor
