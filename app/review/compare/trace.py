"""The trace of one hypothesis: what was done for it, in order: model calls, tries, experiments, decisions. Prompts,
replies and logs go with it, for whoever opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from app.formatting import format_duration, format_effect, format_line, format_number
from app.record.folders import LEDGER
from memory.artifacts import ArtifactStore
from memory.ledger.hypothesis_rows import read_rows_of
from memory.ledger.ledger import Event, Ledger
from memory.search.documents import LOGS, read_messages
from pelagos.counts import format_count
from pelagos.errors import DamagedRun
from pelagos.facts.calls import Call, ModelFault
from pelagos.facts.fact import find_kind
from pelagos.facts.ideas import Screened
from pelagos.facts.reader import read_row
from pelagos.facts.review import Decision
from pelagos.nouns import Build, Claim, Experiment, Fidelity, Hypothesis, Lesson, Plan, Verdict

MOST_CHARS = 20_000


class Attachment(NamedTuple):
    """A text that is shown when it is opened."""

    label: str
    text: str


@dataclass(frozen=True)
class Moment:
    """One thing that was done. `seconds` count from the first moment of the trace; `failed` says that it did not go
    well."""

    kind: str
    text: str
    seconds: float = 0.0
    failed: bool = False
    attachments: list[Attachment] = field(default_factory=list)


Maker = Callable[[Any, ArtifactStore], Iterator[Moment]]


def read_trace(folder: Path, hypothesis: str) -> list[Moment]:
    """Return the trace of a hypothesis of the run in `folder`. Raises BadInput and DamagedRun."""
    store = ArtifactStore(folder / "artifacts")
    with closing(Ledger.read(folder / LEDGER)) as reader:
        return make_trace(read_rows_of(reader, hypothesis), store)


def make_trace(events: list[Event], store: ArtifactStore) -> list[Moment]:
    """Return the moments that the rows of one hypothesis tell of."""
    began = events[0].at if events else 0.0
    return [
        Moment(moment.kind, moment.text, event.at - began, moment.failed, moment.attachments)
        for event in events
        if event.kind in MAKERS
        for moment in MAKERS[event.kind](read_row(event), store)
    ]


def _make_call(fact: Call, store: ArtifactStore) -> Iterator[Moment]:
    prompts = [Attachment(f"prompt, {role or 'message'}", _cut(text)) for role, text in read_messages(fact, store)]
    text = f"{fact.role} ({format_line(fact.spec, 60)}): {format_count(fact.tokens_out, 'token')}"
    seconds = f" in {format_duration(fact.seconds)}" if fact.seconds else ""
    again = f", asked again ({fact.reask})" if fact.reask else ""
    yield Moment("call", text + seconds + again, attachments=[*prompts, Attachment("reply", _cut(fact.text))])


def _make_fault(fact: ModelFault, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment("call", f"{fact.role}: {fact.cause}", failed=True, attachments=[Attachment("error", _cut(fact.error))])


def _make_hypothesis(noun: Hypothesis, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment("idea", format_line(noun.title))


def _make_screened(fact: Screened, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment(
        "screening", f"{'kept' if fact.kept else 'thrown out'}: {format_line(fact.reason)}", failed=not fact.kept
    )


def _make_plan(noun: Plan, store: ArtifactStore) -> Iterator[Moment]:
    score = f", score {format_number(noun.score)}" if noun.score is not None else ""
    steps = "\n".join(f"{number}. {step.text}" for number, step in enumerate(noun.steps, 1))
    text = f"{format_count(len(noun.steps), 'step')}{score}"
    yield Moment("plan", text, attachments=[Attachment("steps", _cut(steps))])


def _make_build(noun: Build, store: ArtifactStore) -> Iterator[Moment]:
    for item in noun.tries:
        failed = item.cause not in ("", "ok")
        details = [Attachment("detail", _cut(item.detail))] if item.detail else []
        yield Moment("try", f"{item.kind} {item.index + 1}: {item.cause or 'ok'}", failed=failed, attachments=details)
    if noun.version is None:
        yield Moment("build", f"no version: {format_line(noun.cause)}", failed=True)


def _make_experiment(noun: Experiment, store: ArtifactStore) -> Iterator[Moment]:
    score = format_number(noun.score) if noun.score is not None else format_line(noun.cause or noun.outcome)
    text = f"{noun.split}, seed {noun.seed}: {score} in {format_duration(noun.seconds)}"
    logs = [Attachment(name, _cut(_read(store, noun.files[name]))) for name in LOGS if name in noun.files]
    yield Moment("experiment", text, failed=noun.outcome != "ok", attachments=logs)


def _make_fidelity(noun: Fidelity, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment("fidelity", f"{noun.answer}: {format_line(noun.description)}")


def _make_verdict(noun: Verdict, store: ArtifactStore) -> Iterator[Moment]:
    kind = "suspect" if noun.suspect else noun.kind
    yield Moment("verdict", f"{kind} {format_effect(noun.effect)} {format_line(noun.reason)}".strip())


def _make_claim(noun: Claim, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment("claim", f"{noun.ending}: {format_line(noun.reason)}", failed=not noun.held)


def _make_lesson(noun: Lesson, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment("lesson", format_line(noun.text or noun.failure))


def _make_decision(fact: Decision, store: ArtifactStore) -> Iterator[Moment]:
    yield Moment("decision", f"{fact.decision}{': ' if fact.note else ''}{format_line(fact.note)}")


MAKERS: dict[str, Maker] = {
    find_kind(record): maker
    for record, maker in (
        (Call, _make_call), (ModelFault, _make_fault), (Hypothesis, _make_hypothesis), (Screened, _make_screened),
        (Plan, _make_plan), (Build, _make_build), (Experiment, _make_experiment), (Fidelity, _make_fidelity),
        (Verdict, _make_verdict), (Claim, _make_claim), (Lesson, _make_lesson), (Decision, _make_decision),
    )
}  # fmt: skip


def _read(store: ArtifactStore, digest: str) -> str:
    try:
        return store.text(digest)
    except DamagedRun as error:
        return f"(not readable: {error})"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}\n… {len(text) - MOST_CHARS} more characters"
