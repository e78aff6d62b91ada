"""Finds what of a run needs a person, why, and the command to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.setup.caps import suggest_cap
from app.formatting import format_line
from app.record import folders
from app.record.record import Record
from pelagos.nouns import Answer, VerdictKind

RANKS = ("failed", "unreadable", "waiting", "disk full", "capped", "stopped", "paused", "silent", "untold")
"""What needs a person, the most pressing first."""
KILLED, BROKEN = "stopped", ("failed", "crashed", "starved")
REASON_LENGTH, TITLE_LENGTH = 300, 120


@dataclass(frozen=True)
class Need:
    """`kind` is one of RANKS; `text` one line about the run, `command` what a person types, "" where there is none."""

    run: str
    kind: str
    text: str
    command: str = ""


def name_run(folder: Path) -> str:
    """Return the shortest name by which commands find the run from here, as a word of a shell."""
    is_here = folder.parent.resolve() == Path.cwd().resolve() / folders.RUNS
    is_plain = not folder.name.startswith("-") and not (Path(folder.name) / folders.LEDGER).exists()
    return shlex.quote(folder.name if is_here and is_plain else str(folder))


def list_needs(record: Record, run: str, state: str) -> Iterator[Need]:
    """Yield what needs a person, in one need each: how the run ended, reviews it waits for, a model that is away, and
    results of which nobody could tell whether they are what they say."""
    reason = format_line(folders.explain_state(record, state).partition("; `pelagos resume")[0], REASON_LENGTH)
    resume = f"pelagos resume {run}"
    undecided = [id for id in record.list_waiting() if not record.find_decision(id)]
    if state in BROKEN or (state == KILLED and record.stopped):
        yield Need(
            run,
            "failed",
            f"{'crashed' if state == 'crashed' else 'failed'}: {reason or 'no reason is recorded'}",
            resume,
        )
    elif state == KILLED and record.started.model_fields_set:  # else it never began
        yield Need(run, "failed", "was killed, or the machine went down", resume)
    elif state == "disk full":
        yield Need(run, "disk full", f"disk full: {reason.removeprefix('disk: ')}", resume)
    elif state == "capped":
        yield Need(
            run,
            "capped",
            f"reached a cap: {reason}",
            f"{resume}{suggest_cap(reason, record.settings.get('caps') or {})}",
        )
    elif state == "interrupted":
        yield Need(run, "stopped", "was stopped by a person or the system", resume)
    elif state == "waiting" and not undecided:
        yield Need(run, "waiting", "waits no more: all is decided", resume)
    if undecided:
        yield Need(run, "waiting", _describe_wait(record, undecided), _suggest_decision(run, undecided[0], state))
    if state == "running" and record.control is not None and record.control.word == "pause":
        yield Need(run, "paused", f"is paused by {format_line(record.control.by, 60) or 'a person'}", resume)
    if state == "running" and record.outages:
        yield Need(run, "silent", f"waits for a model: {_describe_outages(record)}")
    yield from _list_untold(record, run)


def _describe_wait(record: Record, ids: list[str]) -> str:
    titles = [
        f"{id} {format_line(record.find_title(id), TITLE_LENGTH)}" if id in record.hypotheses else id for id in ids
    ]
    return f"waits for your review (accept, reject, or revise --note TEXT) of {'; '.join(titles)}"


def _suggest_decision(run: str, id: str, state: str) -> str:
    then = "" if state == "running" else f" && pelagos resume {run}"
    return f"pelagos decide {run} {id} accept{then}"


def _describe_outages(record: Record) -> str:
    return "; ".join(f"{format_line(spec, 60)}: {format_line(why, 160)}" for spec, (_, why) in record.outages.items())


def _list_untold(record: Record, run: str) -> Iterator[Need]:
    """Yield the good results of which nobody could tell whether they are what their hypothesis says."""
    for verdict in record.verdicts.values():
        if verdict.kind not in (VerdictKind.SUPPORTED, VerdictKind.PROMISING) or verdict.suspect:
            continue
        fidelity = record.find_fidelity(verdict.hypothesis)
        if fidelity is not None and fidelity.answer is Answer.UNSETTLED:
            text = f"can't tell whether {verdict.hypothesis} does what it says: look, then say yes or no"
            yield Need(run, "untold", text, f"pelagos decide {run} {verdict.hypothesis} --implements yes")
