"""Finds run folders, reads their records while another process may drive them, and describes their state."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from pelagos.visible import make_visible

if TYPE_CHECKING:
    from app.record.event import Event
    from app.record.record import Record

RUNS = "runs"
LEDGER = "ledger.db"


def find_run(run: str, project: Path | None = None) -> Path:
    """Return the folder that `run` names: a path, or a name under the project's runs/. Raises BadInput where there is
    none."""
    project = project or Path.cwd()
    for folder in (Path(run), project / RUNS / run):
        if (folder / LEDGER).is_file():
            return folder
    names = [folder.name for folder in list_run_folders(project)]
    close = get_close_matches(run, names, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else "see `pelagos list`"
    raise BadInput(f"run '{run}': no run folder of that path or name here; {hint}")


def list_run_folders(project: Path) -> list[Path]:
    """Return the run folders of the project, sorted by name."""
    root = project / RUNS
    return sorted(folder.parent for folder in root.glob(f"*/{LEDGER}")) if root.is_dir() else []


def list_all_run_folders(project: Path) -> list[Path]:
    """Return the run folders of the project, then those that were launched in it and lie elsewhere."""
    from memory.files.project_runs import external_runs

    inside = list_run_folders(project)
    known = {folder.resolve() for folder in inside}
    return [*inside, *(run for run in external_runs(project) if run not in known and (run / LEDGER).is_file())]


def read_record(folder: Path) -> Record:
    """Return the run's record of all rows written so far. Raises DamagedRun where the ledger can't be read, BadInput
    where another version of Pelagos wrote it."""
    from memory.ledger.ledger import Ledger

    with closing(Ledger.read(folder / LEDGER)) as reader, pause_garbage_collection():
        return fold_events(reader.events(), folder / LEDGER)


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Turn off the garbage collector in this context. Reading a record and rendering its page leave no garbage, and
    collections would take a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_condensed(folder: Path, newest: int = 0, best: int = 0) -> Record:
    """Return the run's record with sums over all hypotheses, and with the nouns of the `newest`, the `best` and those
    in progress only. Of a long run most rows are not read. Raises what `read_record` raises."""
    from app.live.board import choose_hypotheses

    return read_chosen(folder, partial(choose_hypotheses, newest=newest, best=best))


def read_chosen(folder: Path, choose: Callable[[Record], Collection[str]], more_kinds: Collection[str] = ()) -> Record:
    """Return the run's record with sums over all hypotheses, all rows of `more_kinds`, and the nouns of those
    hypotheses only that `choose` returns of the record. Raises what `read_record` raises."""
    from app.record.record import WHOLE_KINDS
    from memory.ledger.condensed import CondensedLedger
    from memory.ledger.ledger import Ledger

    with closing(Ledger.read(folder / LEDGER)) as reader, reader.reading() as connection:
        ledger = CondensedLedger(connection, (*WHOLE_KINDS, *more_kinds))
        record = fold_events(ledger.events(), folder / LEDGER)
        for event in (
            *ledger.details(choose(record)),
            *ledger.facts("version", record.list_unknown_versions()),
        ):
            record.add_detail(event)
        return record


def fold_events(events: Iterable[Event], ledger: Path) -> Record:
    """Return the record of `events`. Raises BadInput where another version of Pelagos wrote a row that this one can't
    read."""
    from pydantic import ValidationError

    from app.record.record import Record
    from pelagos.facts.reader import describe_unreadable

    record = Record(str(ledger))
    for event in events:
        try:
            record.fold(event)
        except (ValidationError, KeyError) as error:
            raise describe_unreadable(str(ledger), event.seq, event.kind, error) from None
    return record


def list_damage(folder: Path) -> list[str]:
    """Return a line for each damaged ledger that a repair put aside."""
    copies = sorted(folder.glob(f"{LEDGER}.damaged-*"))
    return [f"a damaged ledger was found and kept as {path.name}" for path in copies if path.suffix[-1].isdigit()]


def find_state(folder: Path, record: Record) -> tuple[str, int | None]:
    """Return the run's state and the id of the process that drives it, None where no process does. The state is
    running, the status of an ending, crashed, or stopped."""
    from memory.files.run_lock import lock_holder

    pid = lock_holder(folder)
    if pid is not None:
        return "running", pid
    if record.ended:
        return record.ended.status, None
    return record.stopped.status if record.stopped else "stopped", None


def explain_state(record: Record, state: str) -> str:
    """Return the reason of the run's state, "" where there is none. Its first line is a whole sentence."""
    if record.ended:
        return make_visible(record.ended.reason)
    if record.stopped:
        return f"{make_visible(record.stopped.reason)}; `pelagos resume` goes on from the last step"
    ended_silently = state == "stopped" and record.started.model_fields_set
    return "its process ended without a word: it was killed or the machine went down" if ended_silently else ""
