"""Survey: papers gathered, ranked by topic and task attributes (Dolphin, arXiv 2501.03916, section 3.1), and cut.

The steps are files of `agents/literature`. A strong model's score must reach `survey.keep`; where fewer than `FLOOR`
papers do, the best `FLOOR` go on all the same, and it is said. Of a small model's ranking the first go on. Done once
per run.
"""

from __future__ import annotations

from agents.literature.attributes import attributes
from agents.literature.gather import gather
from agents.literature.purity import purity
from agents.literature.ranking import KEPT_SMALL, mark, preselect, rank
from agents.run import Run
from agents.state import State, Update
from pelagos.nouns import RankedPaper

FLOOR = 3
KEY = "survey"


def survey(state: State, run: Run) -> Update:
    if run.ledger.find("survey", KEY) is not None:
        return {}
    if not run.literature.corpus.papers and not run.literature.live:
        run.say("survey: no corpus and no source; hypotheses go without papers and novelty is unknown")
        return _record(run, {"attributes": None, "papers": [], "kept": [], "floor": False, "corpus": 0})
    brief, said = run.toolchain.brief(run.task, run), attributes(run)
    gathered = preselect(
        f"{brief.topic} {brief.description} {said.input} {said.output}", gather(said, run), run.embedder
    )
    bank = gathered[: run.settings.survey.papers]
    ranked = rank(bank, said, run)
    chosen, floor = _cut(ranked, run)
    return _record(
        run,
        {
            "attributes": said.model_dump(),
            "papers": [one.model_dump(mode="json") for one in ranked],
            "kept": [one.paper.id for one in chosen],
            "floor": floor,
            "ranking": run.settings.survey.ranking,
            "corpus": len(bank),
            "purity": purity(said, bank, [one.paper for one in chosen]),
        },
    )


def _cut(ranked: list[RankedPaper], run: Run) -> tuple[list[RankedPaper], bool]:
    """The papers that go on, and whether they are the floor."""
    if run.settings.survey.ranking == "none":
        run.say(f"survey: {len(ranked)} papers go on, not scored")
        return ranked, False
    if not run.model("extractor").strong:
        best = ranked[:KEPT_SMALL]
        run.say(f"survey: the best {len(best)} of {len(ranked)} papers go on, as a small model ranks them")
        return best, False
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
