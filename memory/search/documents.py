"""Lists the texts of a ledger's row that can be searched, each with its kind and the hypothesis it is about."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Event
from pelagos.errors import DamagedRun
from pelagos.facts.calls import Call, Completed, ModelFault
from pelagos.facts.checks import Smoke
from pelagos.facts.drive import Note
from pelagos.facts.fact import find_kind
from pelagos.facts.reader import describe_unreadable, read_row
from pelagos.facts.review import Decision
from pelagos.nouns import Build, Claim, Experiment, Fidelity, Hypothesis, Lesson, Plan, Verdict
from pelagos.visible import make_visible

Kind = Literal[
    "hypothesis", "plan", "verdict", "claim", "fidelity", "lesson", "decision", "note", "prompt", "reply", "log"
]
MAX_CHARS = 60_000
"""Of a longer text the beginning and the end are searched."""
LEAST_OPENING = 200
QUESTION, REST = "message 1", " without opening"
"""Parts of a call's row: the message after the system's, and what is left of a message without the opening."""
LOGS = ("log", "traceback")
"""Names of an experiment's files that are text for people."""


class Document(NamedTuple):
    """One text. `part` names it among those of its row. `shared`: many rows hold the same text, which is searched
    once."""

    kind: Kind
    hypothesis: str
    part: str
    text: str
    shared: bool = False


Lister = Callable[[Any, ArtifactStore], Iterable[Document]]


def list_documents(event: Event, artifacts: ArtifactStore, ledger: str, opening: str = "") -> list[Document]:
    """Return the texts of a row, made visible and cut. What a prompt has in common with `opening` is left out.

    Raises BadInput where another version of Pelagos wrote the row.
    """
    if event.kind not in LISTERS:
        return []
    try:
        record = read_row(event)
    except (ValidationError, KeyError) as error:
        raise describe_unreadable(ledger, event.seq, event.kind, error) from None
    documents = (_leave_out(document, opening) for document in LISTERS[event.kind](record, artifacts) if document.text)
    return [document._replace(text=make_visible(_cut(document.text))) for document in documents]


def _leave_out(document: Document, opening: str) -> Document:
    """Return a prompt from the line on in which it differs from the opening that all prompts of a run share."""
    if document.kind != "prompt" or not opening:
        return document
    start = opening.rfind("\n", 0, _count_common(document.text, opening)) + 1
    if start < LEAST_OPENING:
        return document
    return document._replace(text=document.text[start:], part=document.part + REST)


def _count_common(text: str, other: str) -> int:
    """Return how many characters the texts begin with in common."""
    return bisect_left(range(1, 1 + min(len(text), len(other))), True, key=lambda end: text[:end] != other[:end])


def _cut(text: str) -> str:
    half = MAX_CHARS // 2
    return text if len(text) <= MAX_CHARS else f"{text[:half]}\n…\n{text[-half:]}"


def _list_hypothesis(noun: Hypothesis, artifacts: ArtifactStore) -> Iterator[Document]:
    text = _join(noun.title, noun.statement, noun.rationale, noun.refuted_by, noun.target)
    yield Document("hypothesis", noun.id, "", text)


def _list_plan(noun: Plan, artifacts: ArtifactStore) -> Iterator[Document]:
    text = _join(*(step.text for step in noun.steps), noun.note, *noun.step_reasons)
    yield Document("plan", noun.hypothesis, "", text)


def _list_verdict(noun: Verdict, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("verdict", noun.hypothesis, "", _join(f"{noun.kind}: {noun.reason}", *noun.suspect))


def _list_claim(noun: Claim, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("claim", noun.hypothesis, "", _join(f"{noun.ending}: {noun.reason}", *noun.carried))


def _list_fidelity(noun: Fidelity, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("fidelity", noun.hypothesis, "", _join(f"{noun.answer}: {noun.description}", *noun.evidence))


def _list_lesson(noun: Lesson, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("lesson", noun.hypothesis, "", _join(noun.title, noun.text, noun.did, noun.failure))


def _list_decision(fact: Decision, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("decision", fact.hypothesis, "", f"{fact.decision}: {fact.note}" if fact.note else "")


def _list_note(fact: Note, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("note", "", "", fact.text)


def _list_call(fact: Call, artifacts: ArtifactStore) -> Iterator[Document]:
    """List the messages one by one: their first is the same in all calls of a role."""
    hypothesis = fact.hypothesis or ""
    for number, (role, text) in enumerate(read_messages(fact, artifacts)):
        yield Document("prompt", hypothesis, f"message {number}", text, shared=role == "system")
    yield Document("reply", hypothesis, "", fact.text)


def _list_completion(fact: Completed, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("reply", "", "", fact.text)


def _list_fault(fact: ModelFault, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("log", fact.hypothesis or "", "", f"{fact.role}: {fact.cause}: {fact.error}")


def _list_build(noun: Build, artifacts: ArtifactStore) -> Iterator[Document]:
    lines = (f"{item.kind} {item.index}: {item.cause}: {item.detail}" for item in noun.tries if item.detail)
    yield Document("log", noun.hypothesis, "", _join(*lines))


def _list_experiment(noun: Experiment, artifacts: ArtifactStore) -> Iterator[Document]:
    for name in LOGS:
        if name in noun.files:
            yield Document("log", noun.hypothesis or "", name, _read(artifacts, noun.files[name]))


def _list_smoke(fact: Smoke, artifacts: ArtifactStore) -> Iterator[Document]:
    yield Document("log", "", "", _join(fact.detail, _read(artifacts, fact.log) if fact.log else ""))


LISTERS: dict[str, Lister] = {
    find_kind(record): lister
    for record, lister in (
        (Hypothesis, _list_hypothesis), (Plan, _list_plan), (Verdict, _list_verdict), (Claim, _list_claim),
        (Fidelity, _list_fidelity), (Lesson, _list_lesson), (Decision, _list_decision), (Note, _list_note),
        (Call, _list_call), (Completed, _list_completion), (ModelFault, _list_fault), (Build, _list_build),
        (Experiment, _list_experiment), (Smoke, _list_smoke),
    )
}  # fmt: skip


def read_messages(call: Call, artifacts: ArtifactStore) -> list[tuple[str, str]]:
    """Return role and text of each message of a call's prompt; one that says why, where they can't be read."""
    if not call.messages:
        return []
    try:
        messages = artifacts.json(call.messages)
        return [(str(message["role"]), str(message["content"])) for message in messages]
    except (DamagedRun, ValueError, TypeError, KeyError) as error:
        return [("", f"(not readable: {error})")]


def _read(artifacts: ArtifactStore, digest: str) -> str:
    try:
        return artifacts.text(digest)
    except DamagedRun as error:
        return f"(not readable: {error})"


def _join(*texts: str) -> str:
    return "\n".join(text for text in texts if text)
