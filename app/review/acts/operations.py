"""What people do to a run in a folder: the same for the commands and for the review page.

Each function records a fact and returns a sentence about it. It raises BadInput where that can't be done, and Stale
where it was about something that has changed since. `by` is the name that a person gave; `saw` is what they were shown.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agents.review.control import find_control, record_control
from app.launches import start_detached
from app.record.folders import LEDGER
from memory.files.run_lock import lock_holder
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, DamagedRun
from pelagos.facts.review import ControlWord, Word
from pelagos.visible import make_visible

MAX_NAME = 100


def default_name() -> str:
    """Return the name of the person at this terminal, "" if it isn't known."""
    return os.environ.get("LOGNAME") or os.environ.get("USER") or ""


def decide(
    folder: Path, hypothesis: str, word: Word, note: str, saw: str = "", after: str | None = None, by: str = ""
) -> str:
    """Say what becomes of a hypothesis that waits for a review."""
    from agents.review.decisions import record_decision
    from agents.setup.run_folder import read as read_run_file

    if read_run_file(folder).resolved().loop.review == "off":
        raise BadInput(f"{folder}: this run asks nobody: it was launched without --review")
    with _open(folder) as ledger:
        replaced = record_decision(ledger, hypothesis, word, note, saw, after, _clean(by))
    return f"{hypothesis}: {word}{f', in place of {replaced}' if replaced else ''}; {describe_next(folder)}"


def decide_fidelity(folder: Path, hypothesis: str, implements: bool, saw: str = "") -> str:
    """Say whether what was built for a hypothesis is what it says."""
    from agents.fidelity.assess import record_decision

    with _open(folder) as ledger:
        fidelity = record_decision(ledger, hypothesis, implements, saw)
    verb = f"{fidelity.answer.value}{'' if implements else ' implement'}"
    return f"{hypothesis}: what was done {verb} it: {fidelity.description}"


def ask_more(folder: Path, hypothesis: str, saw: str = "", by: str = "") -> str:
    """Ask for more validation seeds for a hypothesis."""
    from agents.review.more_evidence import record_more
    from agents.setup.run_folder import read as read_run_file

    max_seeds = read_run_file(folder).resolved().judge.max_seeds
    with _open(folder) as ledger:
        seeds = record_more(ledger, hypothesis, max_seeds, saw, _clean(by))
    return f"{hypothesis}: up to {seeds} seeds while it is undecided; {describe_next(folder)}"


def propose(folder: Path, title: str, statement: str, target: str, by: str = "") -> str:
    """Propose a hypothesis, which the next free lane takes."""
    from agents.review.proposals import record_proposal

    with _open(folder) as ledger:
        record_proposal(ledger, title, statement, target, _clean(by))
    return f"proposed: the next free lane takes it before it asks for an idea; {describe_next(folder)}"


def steer(folder: Path, text: str, by: str = "") -> str:
    """Tell ideation what is wished; "" takes the wish back."""
    from agents.review.steering import record_wish

    with _open(folder) as ledger:
        replaced = record_wish(ledger, text, _clean(by))
    said = "ideas are asked for with this wish from now on" if text.strip() else "no wish from now on"
    return f"{said}{f', in place of: {replaced}' if replaced else ''}"


def pause(folder: Path, by: str = "") -> str:
    return _control_driven(folder, "pause", "holds at its next boundary; `pelagos resume` goes on", by)


def stop(folder: Path, by: str = "") -> str:
    return _control_driven(folder, "stop", "stops at its next boundary; `pelagos resume` goes on", by)


def release(folder: Path, by: str = "") -> bool:
    """Take back a pause or a stop; return whether there was one. A damaged ledger is left to the drive, which repairs
    it and says so."""
    try:
        with closing(Ledger.read(folder / LEDGER)) as reader:
            if find_control(reader) == "continue":
                return False
    except DamagedRun:
        return False
    with _open(folder) as ledger:
        return record_control(ledger, "continue", _clean(by))


def go_on(folder: Path, project: Path, by: str = "") -> str:
    """Take back a pause, or drive a run that nobody drives, in the background."""
    pid, was_held = lock_holder(folder), release(folder, by)
    if pid is not None:
        if not was_held:
            raise BadInput(f"{folder.name}: process {pid or 'unknown'} drives it already, and it is not paused")
        return f"process {pid or 'unknown'} goes on with it"
    _check_not_over(folder)
    return f"process {start_detached(folder, project).pid} goes on with it"


def describe_next(folder: Path) -> str:
    """Return who goes on with the run, or by which command."""
    pid = lock_holder(folder)
    return f"process {pid} goes on with it" if pid else f"go on by `pelagos resume {shlex.quote(str(folder))}`"


@contextmanager
def _open(folder: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(folder / LEDGER)) as ledger:
        yield ledger


def _clean(name: str) -> str:
    return " ".join(make_visible(name).split())[:MAX_NAME]


def _control_driven(folder: Path, word: ControlWord, effect: str, by: str) -> str:
    pid = lock_holder(folder)
    if pid is None:
        raise BadInput(f"{folder.name}: no process drives it, so there is nothing to {word}")
    with _open(folder) as ledger:
        if not record_control(ledger, word, _clean(by)):
            raise BadInput(f"{folder.name}: {word} was asked for already")
    return f"process {pid or 'unknown'} {effect}"


def _check_not_over(folder: Path) -> None:
    """Raises BadInput for a run that has ended and was asked for nothing since: it would end again at once."""
    from agents.launch import is_over

    with closing(Ledger.read(folder / LEDGER)) as ledger:
        if is_over(ledger):
            raise BadInput(
                f"{folder.name}: is over: propose a hypothesis, ask for more evidence, or give it higher caps by "
                f"`pelagos resume {shlex.quote(str(folder))} --hypotheses N`"
            )
