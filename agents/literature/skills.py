"""Chooses the skills that planning is offered for a hypothesis: those whose name and description are near to it.

Their text is data within a budget of tokens. The choice is made once per hypothesis and recorded, so that a resumed run
repeats it. Their scripts are run by nobody here.
"""

from __future__ import annotations

from agents.literature.knowhow import find_near_notes
from agents.run import Run
from pelagos.facts.ideas import KnowhowNote, OfferedSkills
from pelagos.nouns import Hypothesis
from tools.literature.knowhow.note import Note
from tools.skills.finding import find_skills

TOKENS, TOKENS_SMALL = 1_000, 250
CHARS_PER_TOKEN = 4
MOST_SKILLS = 3


def offer_skills(hypothesis: Hypothesis, run: Run) -> list[KnowhowNote]:
    """Return the skills' texts, the most relevant first, cut to the budget. Skills that can't be used are noted."""
    if not run.settings.skills:
        return []
    fact = run.ledger.fact(OfferedSkills, hypothesis.id)
    if fact is None:
        fact = run.ledger.record(OfferedSkills(skills=_choose_skills(hypothesis, run)), hypothesis.id)
    return fact.skills


def _choose_skills(hypothesis: Hypothesis, run: Run) -> list[KnowhowNote]:
    found = find_skills(run.project, run.settings.skills)
    for fault in found.faults:
        run.say(f"left out: {fault}")
    bodies = {skill.name: skill.body for skill in found.on}
    near = find_near_notes(
        hypothesis, [Note(skill.name, skill.description, str(skill.folder)) for skill in found.on], run
    )
    left = CHARS_PER_TOKEN * (TOKENS if run.model("planner").strong else TOKENS_SMALL)
    chosen: list[KnowhowNote] = []
    for note in near[:MOST_SKILLS]:
        text = f"{note.text}\n{bodies[note.title]}"[:left]
        left -= len(text)
        if text:
            chosen.append(KnowhowNote(title=note.title, source=note.source, text=text))
    return chosen
