"""Survey: papers gathered, ranked by topic and task attributes (Dolphin, arXiv 2501.03916, section 3.1), and cut.

The steps are files of `agents/literature`. A strong model's score must reach `survey.keep`; where fewer than `FLOOR`
papers do, the best `FLOOR` go on all the same, and it is said. A small model is asked nothing, and every paper goes on
in the order of words and embedding: each of its hypotheses takes a finding of its own, so a long run needs many. Where
few papers were found, findings of the shipped library follow. Done once per run.
"""

from __future__ import annotations

from agents.literature.attributes import attributes, described
from agents.literature.fill import fill
from agents.literature.gather import gather
from agents.literature.novelty import novelty_rule
from agents.literature.purity import purity
from agents.literature.ranking import FLOOR, asks, mark, preselect, rank, scores
from agents.run import Run
from agents.state import State, Update
from pelagos.nouns import RankedPaper

KEY = "survey"
RULES = {
    "label": "novelty: hypotheses that the literature has already are tried all the same, and said to be known",
    "require": "novelty: hypotheses that the literature has already are thrown out",
}


def survey(state: State, run: Run) -> Update:
    if run.ledger.find("survey", KEY) is not None:
        return {}
    run.say(RULES[novelty_rule(run)])
    brief, live, corpus = run.toolchain.brief(run.task, run), run.literature.live, run.literature.corpus.papers
    most = run.settings.survey.papers
    asked = asks(run) and bool(live or corpus[FLOOR:most])
    said = attributes(run) if asked else described(run)
    query = f"{brief.topic} {brief.description} {said.input} {said.output}"
    bank = preselect(query, gather(said, run), run.embedder)[:most]
    ranked = rank(bank, said, run)
    chosen, floor = _cut(ranked, run)
    general = fill(bank, query, run)
    return _record(
        run,
        {
            "attributes": said.model_dump() if asked else None,
            "papers": [one.model_dump(mode="json") for one in [*ranked, *general]],
            "kept": [one.paper.id for one in [*chosen, *general]],
            "floor": floor,
            "ranking": run.settings.survey.ranking,
            "corpus": len(bank),
            "library": len(general),
            "purity": purity(said, bank, [one.paper for one in chosen]) if asked else None,
        },
    )


def _cut(ranked: list[RankedPaper], run: Run) -> tuple[list[RankedPaper], bool]:
    """The papers that go on, and whether they are the floor."""
    if not ranked:
        run.say("survey: no papers were found, so novelty is unknown")
        return [], False
    scored = scores([one.paper for one in ranked], run)
    if not scored or not run.model("extractor").strong:
        by = "ranked by the small model" if scored else "by words and embedding alone"
        run.say(f"survey: all {len(ranked)} papers go on, {by}")
        return ranked, False
    keep = run.settings.survey.keep
    kept = [one for one in ranked if mark(one, run) >= keep]
    floor = len(kept) < FLOOR
    chosen = ranked[:FLOOR] if floor else kept
    note = f"; the best {len(chosen)} go on all the same" if floor else ""
    run.say(f"survey: {len(kept)} of {len(ranked)} papers reach {keep:g}{note}")
    return chosen, floor


def _record(run: Run, fact: dict[str, object]) -> Update:
    run.ledger.append("survey", KEY, fact)
    return {}
