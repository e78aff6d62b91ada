"""Chooses know-how for a hypothesis: notes on how its technique is written, for the toolchain that carries it out.

First come the user's own notes that are near to the hypothesis, then the snippets of the papers that it builds on, else
shipped notes that are near. The choice is made once per hypothesis and recorded, so that a resumed run repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.run import Run
from pelagos.facts.ideas import Knowhow, KnowhowNote
from pelagos.nouns import Hypothesis
from tools.literature.knowhow.folder import load_notes
from tools.literature.knowhow.note import Note
from tools.literature.knowhow.shipped import load_shipped_notes

MAX_NOTES = 4
MAX_NOTE_CHARS = 6_000
COMPARED_CHARS = 400
NEAR_COSINES = {"minilm-l6-v2-int8": 0.5}
"""Cosine from which a note counts as being about the technique. Of the library's findings, 49 have a shipped note that
near, 40 of them the right one. An embedder that isn't listed uses its threshold for repeats, which is stricter."""


def choose_knowhow(hypothesis: Hypothesis, run: Run) -> list[str] | None:
    """Return the notes' texts, the most relevant first; the toolchain uses those that fit its program. None means that
    nothing at all is to be told or looked up.

    By default a small model is told the user's own notes only: it copied the snippets' names (docs/benchmarks.md,
    Know-how).
    """
    if run.settings.loop.knowhow is False:
        return None
    fact = run.ledger.fact(Knowhow, hypothesis.id)
    if fact is None:
        wants_all = run.settings.loop.knowhow or run.model("coder").strong
        chosen = _choose_notes(hypothesis, run) if wants_all else _user_notes(hypothesis, run)
        notes_told = [
            KnowhowNote(title=item.title, source=item.source, text=item.full_text[:MAX_NOTE_CHARS])
            for item in chosen[:MAX_NOTES]
        ]
        fact = run.ledger.record(Knowhow(notes=notes_told, docstrings=bool(wants_all)), hypothesis.id)
    texts = [note.text for note in fact.notes]
    return texts if texts or fact.docstrings else None


def _user_notes(hypothesis: Hypothesis, run: Run) -> list[Note]:
    return find_near_notes(
        hypothesis, [note for folder in run.settings.knowhow for note in load_notes(run.project / folder)], run
    )


def _choose_notes(hypothesis: Hypothesis, run: Run) -> list[Note]:
    linked = [
        *_paper_snippets(hypothesis, run),
        *(item for item in load_shipped_notes() if set(item.findings) & set(hypothesis.papers)),
    ]
    candidates = [*_user_notes(hypothesis, run), *(linked or find_near_notes(hypothesis, load_shipped_notes(), run))]
    return list(dict.fromkeys(candidates))


def _paper_snippets(hypothesis: Hypothesis, run: Run) -> list[Note]:
    papers = [ranked.paper for ranked in run.papers()]
    return [
        Note(paper.title, paper.snippet, paper.id, (paper.id,))
        for paper in papers
        if paper.id in hypothesis.papers and paper.snippet
    ]


def find_near_notes(hypothesis: Hypothesis, candidates: Sequence[Note], run: Run) -> list[Note]:
    """The notes that are about what the hypothesis is about, the nearest first."""
    if not candidates:
        return []
    threshold = NEAR_COSINES.get(run.embedder.id, run.embedder.tau)
    texts = [f"{hypothesis.title}: {hypothesis.statement}", *(item.full_text[:COMPARED_CHARS] for item in candidates)]
    vectors = run.embedder.embed(texts)
    cosines = vectors[1:] @ vectors[0]
    return [candidates[index] for index in (-cosines).argsort(kind="stable") if cosines[index] >= threshold]
